"""Results of the trainings, cure by cure.

All numbers come from the trainings; the texts say what is to be seen, not what
came out.
"""

from rnnzoo.gradients import experiments
from rnnzoo.gradients.maps import Map, ratio, verdict
from rnnzoo.gradients.networks import DEPTH, DEVIATION
from rnnzoo.gradients.show import Chapter, Chapters
from rnnzoo.gradients.training import BATCH, CHECKS, SOLVED


def chapters(trainings, updates):
    """Results of the trainings.

    Args:
        trainings: Dict, the result of `rnnzoo.gradients.experiments.run`.
        updates: Number of updates of each training.

    Returns:
        `rnnzoo.gradients.show.Chapters`.
    """
    four = _maps(trainings, experiments.FOUR, experiments.STEPS[0])
    return Chapters(
        [
            _vanishing(four),
            _gates(four),
            _forget_biases(trainings),
            _initial_weights(trainings),
            _clipping(trainings),
            _residuals(trainings),
            _solved(trainings, updates),
        ]
    )


def _maps(trainings, networks, steps, states="hc"):
    """A `Map` for each network and, of an LSTM, each of these states."""
    found = [trainings[network.name, steps] for network in networks]
    return [
        Map(training, state)
        for training in found
        for state in (states if training.c is not None else "h")
    ]


def _vanishing(maps):
    steps = experiments.STEPS[0]
    return Chapter(
        "How gradients vanish",
        [
            f"Small networks read {steps} numbers, of which two are marked, "
            "and answer after the last one with the sum of the marked ones: "
            "the adding problem (Hochreiter & Schmidhuber 1997). What the "
            "error teaches about a step comes to it as the gradient by the "
            "state after that step. Each map shows the norm of this gradient, "
            "as a share of that at the last step; each row is a moment of "
            "training, and the first is before it. Where the colour fades to "
            "the left, the gradient vanishes (Bengio et al. 1994).",
            "Grey bars are the mean squared error on unseen examples. A full "
            "bar is 1/6, which is what one gets by always answering 1; below "
            f"{SOLVED} the problem counts as solved. An LSTM has two states, "
            "its output h and its cell c.",
        ],
        maps,
    )


def _gates(maps):
    rows = [("network", "before training", "after training", "the problem")]
    for each in maps:
        first, last = map(ratio, each.ends)
        rows.append((each.title, first, last, each.verdict))
    return Chapter(
        "Cure: gates",
        [
            "An open gate lets the gradient pass a step unchanged (Hochreiter "
            "& Schmidhuber 1997; Cho et al. 2014). But an untrained gate cures "
            "nothing: without a bias it is half open, and lets about half of "
            "the gradient pass. It is training that opens it. The table shows "
            "what is left of the gradient at the first step, without gates "
            "(Elman, Jordan) and with them.",
        ],
        table=rows,
    )


def _forget_biases(trainings):
    return Chapter(
        "Cure: biases of the forget gates",
        [
            "A positive bias opens the forget gates before training (Gers et "
            "al. 2000); 1 is the default of Keras (Jozefowicz et al. 2015). "
            "Chrono biases are drawn so that the units remember for times from "
            "one step to the whole sequence (Tallec & Ollivier 2018). The maps "
            "are of the cell c. A bias that is chosen well shows in the first "
            "row, before any training.",
        ],
        _maps(trainings, experiments.LSTMS, experiments.STEPS[0], "c"),
    )


def _initial_weights(trainings):
    short, long, _ = experiments.STEPS
    return Chapter(
        "Cure: orthogonal and identity matrices",
        [
            "An orthogonal matrix keeps the length of a gradient (Saxe et al. "
            "2014), though the slope of tanh, below 1, still shortens it. The "
            "identity with rectified units keeps state and gradient as they "
            "are (Le et al. 2015). Beside each: small recurrent weights, drawn "
            f"with a standard deviation of {DEVIATION}. Initial weights "
            "promise something for the first row only, and training is free "
            f"to leave them. The rectified networks read {long} numbers.",
        ],
        [
            *_maps(trainings, experiments.ELMANS, short),
            *_maps(trainings, experiments.RECTIFIED, long),
        ],
    )


def _clipping(trainings):
    return Chapter(
        "Cure: clipping, where gradients explode",
        [
            "These two begin alike: rectified, with recurrent weights of 1.1 "
            "times the identity, so that the gradient grows on its way back. "
            "Clipping scales a gradient with a norm above 1 down to 1 (Pascanu "
            "et al. 2013). Without it, one large gradient may throw the "
            "weights far away, and fills the averages by which Adam divides "
            "all later updates. Clipping keeps the gradient's direction; it "
            "cures nothing that vanishes. Rows without a number are grey.",
        ],
        _maps(trainings, experiments.EXPLODING, experiments.STEPS[0]),
    )


def _residuals(trainings):
    few = experiments.FEW
    return Chapter(
        "Cure: residual connections, for depth",
        [
            f"Stacks of {DEPTH} GRUs read {few} numbers. Here the gradient "
            "has to come down through layers, too: columns are layers, after "
            "the last step, and the share is that of the gradient at the "
            "highest. A residual connection adds a layer's input to its output "
            "(He et al. 2016; in stacks of LSTMs, Wu et al. 2016). It shortens "
            "the way through layers, not that through time. Adam, which "
            "divides updates by the usual size of a gradient, may train a "
            "plain stack of this depth as well.",
        ],
        [
            Map(trainings[each.name, experiments.FEW], axis="layer")
            for each in experiments.DEEP
        ],
    )


def _solved(trainings, updates):
    rows = [("network", *(f"{steps} steps" for steps in experiments.STEPS))]
    for network in experiments.COMPARED:
        cells = (
            verdict(trainings[network.name, steps])
            for steps in experiments.STEPS
        )
        rows.append((network.name, *cells))
    return Chapter(
        "What learns to remember",
        [
            "The adding problem of more steps. Each network has about a "
            f"thousand weights, and {updates} updates of {BATCH} examples: "
            "Adam, with gradients clipped to a norm of 1 and a learning rate "
            "of 0.02 with gates and 0.002 without. The problem counts as "
            f"solved at the first of {CHECKS} checks at which the error on "
            f"1,000 unseen examples is below {SOLVED}. Each was trained once: "
            "other seeds and rates give other numbers.",
        ],
        table=rows,
    )
