import pytest


@pytest.fixture
def sheets(monkeypatch):
    """The sheets that a test saves, in their order."""
    sheet = pytest.importorskip("rnnzoo.explain.sheet")
    saved, save = [], sheet.Sheet.save

    def record(self, path):
        saved.append(self)
        save(self, path)

    monkeypatch.setattr(sheet.Sheet, "save", record)
    return saved
