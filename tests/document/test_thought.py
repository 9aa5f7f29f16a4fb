"""What the author thinks aloud: what is heard in it, and above all what is not."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nozzle.document.entry import Entry
from nozzle.document.talk.quote import from_log
from nozzle.document.thought.conduct import remarks
from nozzle.document.thought.cues import cues, several
from nozzle.document.thought.pasted import pasted, shell, usually
from nozzle.document.thought.said import said
from nozzle.document.thought.threads import _groups, _merged, _ties, threads

LOG = (Path(__file__).parents[1] / "talk" / "scan.md").read_text()


def heard(text: str) -> list[tuple[str, int]]:
    """Kind and line of what is heard in an entry."""
    found, above = [], None
    for paragraph in said(Entry(text)):
        found += [(cue.kind, cue.sentence.line) for cue in cues(paragraph, above)]
        above = paragraph
    return found


def kinds(text: str) -> list[str]:
    return [kind for kind, _ in heard(text)]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("I wonder whether the broadcast makes a temporary", "question"),
        ("how do you print in julia lol", "question"),
        ("let's rerun the whole table", "task"),
        ("yeah honestly give me a kernel fusion example", "task"),
        ("could you split the curve by weekday?", "task"),
        ("TODO compare against fsum", "task"),
        ("So isotonic it is.", "decision"),
        ("We're going with two passes.", "decision"),
        ("if you write code it will be julia because I'm done with python", "decision"),
        ("We'll store the dates as text.", "decision"),
        ("I'm not going to smooth the labels.", "decision"),
        ("A reader must never write to the cache.", "decision"),
        ("Nothing may block the queue.", "decision"),
        ("The old importer is retired.", "decision"),
        ("The ring buffer replaces the list.", "decision"),
        ("Verdict: two tables.", "decision"),
        ("Better one slow test than three that lie.", "decision"),
        ("Four digits are as fine as we print.", "decision"),
        ("For a first draft the mean is good enough.", "decision"),
        ("Scratch that, no padding.", "reversal"),
        ("On second thought the sum comes first.", "reversal"),
        ("That cron job goes.", "decision"),
        ("Rebinding stays Garamond, I argued enough.", "decision"),
        ("Sixteen pages, that's final.", "decision"),
        ("I'll mix it by weight and not by eye.", "decision"),
        ("It turns to dust, Minion it is.", "decision"),
        ("The nineteen panels come back for finance.", "reversal"),
        ("Put the soy ink back, people complain.", "reversal"),
        ("Three retries is too few, make it eight.", "reversal"),
        ("We said fixed exponents but that's no longer true.", "reversal"),
        ("Evaluate last statement.", "task"),
        ("take another look at probe three", "task"),
        ("I want to build a cognitive nozzle", "wish"),
        ("I'd love to have a place to write", "wish"),
        ("Okay, we'll write the tokens to one file.", "decision"),
        ("The rule is one test per bug.", "decision"),
        ("Never log a token in full.", "decision"),
        ("A hand-made index, not a generated one.", "decision"),
        ("Each reader gets its own cache.", "decision"),
        ("Small integers are off the table.", "decision"),
        ("Ana keeps the keys in the summer; that's agreed.", "decision"),
        ("We've picked the smaller machine.", "decision"),
        ("The answer is to ship both.", "decision"),
        ("I won't chase them.", "decision"),
        ("One queue for both sides, then.", "decision"),
        ("No reset button for guests.", "decision"),
        ("We deploy on Mondays only.", "decision"),
        ("From this week the backup is weekly.", "decision"),
        ("The list moves to a table.", "decision"),
        ("In other words, scratch that, all of it, both halves.", "reversal"),
        ("The blue one fades, so green it is again.", "reversal"),
        ("So much for the cache.", "reversal"),
        ("Let's go back to one table.", "reversal"),
        ("I no longer want two formats.", "reversal"),
        ("It's unclear whether the cache is warm.", "question"),
        ("I can't work out why it doubles.", "question"),
        ("Any idea where the second copy comes from", "question"),
        ("Does a late answer count as right?", "question"),
        ("GMRES it is. The rest is taste.", "decision"),
        ("The meshes are going to be quadratic.", "decision"),
        ("We're throwing out the first ten runs.", "decision"),
        ("Forward sums instead of pairwise ones.", "decision"),
        ("Twelve digits will have to do.", "decision"),
        ("Let's agree that the left one is the reference.", "decision"),
        ("Everything over a gigabyte goes to the cluster.", "decision"),
        ("The offset is not fitted any more.", "decision"),
        ("Cholesky then.", "decision"),
        ("Forget Romberg.", "reversal"),
        ("Scrap the second table.", "reversal"),
        ("Ines convinced me that we need both.", "reversal"),
        ("I've set the tolerance back to a thousandth.", "reversal"),
        ("Clamping the weights was overkill.", "reversal"),
        ("What I don't understand is why the norm grows.", "question"),
        ("We need another plot, on a log scale.", "task"),
        ("it works now, 31 ms", "done"),
        ("$ git status", "shell"),
        ("mpirun -n 4 ./wave input.nml", "shell"),
        ("pip install -e .", "shell"),
    ],
)
def test_cue_words_are_heard(words: str, kind: str) -> None:
    assert kinds(words + "\n") == [kind]


@pytest.mark.parametrize(
    "words",
    [
        'I said "let\'s just retrain it" and she gave me the look.',
        "A colleague said, can you just use the existing package, and laughed.",
        "You know what I mean, right?",
        "The sun goes down late here.",
        "I keep wanting a newsletter.",
        "That stays with me.",
        "It's for chains of calls, not for workflows.",
        "The problem is the index, not the cache.",
        "Okay, we'll see.",
        "Never again.",
        "That is what it is.",
        "Of course it is.",
        "Back then.",
        "The train is going to be late.",
        "The film will be missed.",
        "For lists instead of tuples:",
        "This is fast, so use it with care.",
        "I was convinced.",
        "The file is no longer needed.",
        "So the cache was empty, right?",
        "My brother never wanted to have a garden.",
        "If we could recalibrate per ward this would all go away.",
        "I was going to write about summation here.",
        "Time flies.",
        "The words it listens for are scratch that, never mind, and forget it.",
        "Phrases like never mind, on second thought or scratch that are cues.",
        "drop, revert, instead",
        "Fifty is arbitrary, I picked it because I can read fifty.",
        "I won't know before Monday.",
        "No idea for the title.",
        "We agreed to disagree.",
        "Test coverage is a number.",
        "The night must have been cold.",
        "Better late than never.",
        "We'll see what comes of it.",
        "We will know whether it holds.",
        "I'm not going to lie, it is slow.",
        "see that's the problem with plans.",
        '"what would happen?" is what people ask',
        "> let's plot it",
        "# Let's plot it",
        "```python\n# TODO plot it\n```",
        "`let's plot it`... is what the button says",
        "<!-- let's plot it -->",
    ],
)
def test_what_is_quoted_supposed_told_or_no_prose_is_not(words: str) -> None:
    assert kinds(words + "\n") == []


def test_a_quotation_that_is_left_open_holds_what_follows() -> None:
    assert kinds('it would say "here is what I run. Do you want to copy it? and then wait\n') == []


def test_speech_without_marks_is_speech_when_the_paragraph_above_says_so() -> None:
    assert kinds("so I'm like\n\nHey how is that job doing?\n") == []
    assert kinds("so I like it.\n\nHey how is that job doing?\n") == ["question"]


def test_the_items_of_a_plan_are_tasks() -> None:
    assert heard("**Next**\n\n- Build a workflow\n- Lunch\n- integrate the traces\n") == [("task", 2), ("task", 4)]
    assert kinds("What I like:\n\n- Build quality\n- Tests\n") == []


def test_a_machines_words_are_never_heard() -> None:
    entry = from_log(LOG)
    rows = entry.split("\n")
    lines = [rows[line] for _, line in heard(entry)]
    assert not any("Should I write" in line or "next step is clear" in line for line in lines)
    assert len(lines) >= 8


def test_words_of_a_machine_that_the_author_shows_again_are_not_heard() -> None:
    words = "Let's write a benchmark that compares the three methods on the same array, please."
    text = f"<!-- nozzle:quote v=1 by=m -->\n\n1. **{words}**\n\n<!-- /nozzle -->\n\n{words}\n\nno.\n"
    assert kinds(text) == []


def test_each_sentence_has_its_own_line() -> None:
    assert heard("Fine weather.\nLet's plot it\nand count the peaks. Why are\nthere two?\n") == [
        ("task", 1),
        ("question", 2),
    ]


def test_a_long_line_is_a_thought_of_its_own_unless_it_breaks_off() -> None:
    long = f"Fine weather, and {'very ' * 30}warm"
    assert heard(f"{long} outside\nlet's plot it\n") == [("task", 1)]
    assert heard(f"{long}. Let's do\nOtsu on every photograph.\n") == [("task", 0)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Is it Levin and Peres ch. 7 or 13?", 1),
        ("Is it pp. 3 to 9, or sec. IV?", 1),
        ("See No. 3 or fig. 4?", 1),
        ("Pad? No. I keep it.", 3),
    ],
)
def test_what_is_short_before_a_number_ends_no_sentence(words: str, expected: int) -> None:
    (paragraph,) = said(Entry(words))
    assert len(paragraph.sentences) == expected


@given(st.text(max_size=200))
@settings(max_examples=150)
def test_any_text_can_be_heard(text: str) -> None:
    entry = Entry(text)
    for _, line in heard(text):
        assert line < len(entry.rows)
        assert entry.rows[line].strip()


def test_a_pasted_traceback_names_its_failing_line_and_a_likely_cause() -> None:
    found = pasted(LOG[LOG.index("Traceback") : LOG.index("accumulation.") + 13])
    assert found is not None
    assert found.says == "ValueError: provided out is the wrong size for the accumulation."
    assert (found.place, found.code) == ("bench.py:4", "np.add.accumulate(x, out=out)")
    assert found.cause == "an array has another size than the call expects"


@pytest.mark.parametrize(
    ("raised", "cause"),
    [
        ("ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0", "inner sizes"),
        ("ValueError: shapes (3,4) and (5,) not aligned: 4 (dim 1) != 5 (dim 0)", "inner sizes"),
        ("ValueError: The truth value of an array with more than one element is ambiguous.", "any() or all()"),
        ("numpy.linalg.LinAlgError: Singular matrix", "no inverse"),
        ("numpy.linalg.LinAlgError: Matrix is not positive definite", "eigenvalue"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "GPU"),
        ("RuntimeError: CUDA error: out of memory", "GPU"),
        ("UnboundLocalError: cannot access local variable 'x'", "read before it is set"),
        ("OverflowError: math range error", "too large"),
        ("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0", "encoding"),
        ("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", "no JSON at all"),
        ("AssertionError: the sums differ", "must hold"),
        ("TypeError: 'NoneType' object is not subscriptable", "returned None"),
        ("IndexError: list index out of range", "beyond the end"),
    ],
)
def test_an_everyday_error_has_a_likely_cause_with_its_traceback_and_alone(raised: str, cause: str) -> None:
    whole = pasted(f'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\n{raised}')
    alone = next(
        pasted(each.text) for each in said(Entry(f"Again:\n\n```text\n{raised}\n```\n")) if "Error" in each.text
    )
    assert whole is not None
    assert alone is not None
    assert cause in whole.cause
    assert cause in alone.cause


@pytest.mark.parametrize(
    ("raised", "printed", "cause"),
    [
        ("exit 1", "ERROR: No matching distribution found for surely-none", "no package of that name"),
        ("exit 1", "error: externally-managed-environment", "belongs to the system"),
        ("exit 127", "bash: line 1: frobnicate: command not found", "on the PATH"),
        ("exit 126", "bash: line 1: ./a.sh: Permission denied", "not marked as a program"),
        ("signal 9 (SIGKILL)", "", "memory runs out"),
        ("ModuleNotFoundError: No module named 'sklearn'", "", "it is called scikit-learn"),
        ("ModuleNotFoundError: No module named 'sklearn.svm'", "", "it is called scikit-learn"),
        ("ModuleNotFoundError: No module named 'mine'", "", "not installed where this runs"),
        ("KeyError: \"['agee'] not in index\"", "", "list its columns"),
        ("RuntimeError: Found no NVIDIA driver on your system.", "", "no GPU is seen"),
        ("AssertionError: Torch not compiled with CUDA enabled", "", "built without CUDA"),
        ("PermissionError: [Errno 13] Permission denied: 'x'", "", "may not do that"),
        ("subprocess.TimeoutExpired: Command 'x' timed out after 5 seconds", "", "longer than it was given"),
        ("exit 3", "all went well\nnot found", ""),
        ("exit 1", "", ""),
    ],
)
def test_a_command_or_a_kernel_that_fails_has_a_likely_cause_by_what_it_printed(
    raised: str, printed: str, cause: str
) -> None:
    found = usually(raised, printed)
    assert cause in found
    assert bool(found) == bool(cause)


def test_the_failing_line_is_the_authors_and_not_a_librarys() -> None:
    text = (
        'Traceback (most recent call last):\n  File "mine.py", line 3, in <module>\n    load(p)\n'
        '  File "/usr/lib/python3.11/site-packages/x/io.py", line 9, in load\n    return f[k]\nKeyError: 1'
    )
    found = pasted(text)
    assert found is not None
    assert found.place == "mine.py:3"


def test_an_error_of_another_language_is_known_by_its_shape() -> None:
    found = pasted("ERROR: LoadError: passing non-bitstype argument\nStacktrace:\n [1] f()\n   @ Main ./a.jl:7")
    assert found is not None
    assert "GPU kernel" in found.cause
    assert pasted("Error bars are too wide: they always are") is None


@pytest.mark.parametrize(
    "prose", ["make it faster please", "find the appendix", "time is up", "sort of a mess, really", "git is a mess."]
)
def test_a_sentence_that_begins_with_a_programs_name_is_no_command(prose: str) -> None:
    assert shell(prose) == ""


def test_threads_are_found_by_words_that_return() -> None:
    fusion = (
        "The kernel fusion of the broadcast makes a temporary buffer.\n\nFusion of that kernel saves the buffer.\n\n"
    )
    dosing = "Dosing children needs the clearance model.\n\nThe clearance of children drifts in the dosing model.\n\n"
    one, two = threads(Entry(fusion + dosing + fusion + dosing))
    assert [len(one.paragraphs), len(two.paragraphs)] == [4, 4]
    assert "kernel" in one.name
    assert "clearance" in two.name


STRAY = [f"{letter * 5}o {letter * 4}u." for letter in "abcdefghjklmnpqrstvwxz"]


def test_short_paragraphs_that_share_nothing_are_in_passing_and_in_no_thread_by_chance() -> None:
    *named, rest = threads(Entry("\n\n".join(["Sort the drum inks.", *STRAY, "The drum inks dried.", "Kerning."])))
    assert rest.name == "in passing"
    assert [[each.text for each in thread.paragraphs] for thread in named] == [
        ["Sort the drum inks.", "The drum inks dried."]
    ]
    assert "Kerning." in {each.text for each in rest.paragraphs}


@pytest.mark.parametrize(
    ("between", "kept"),
    [
        (["It smudged."], True),  # it points back
        (["Kerning."], True),  # it stands between two of one thread
        (["# Fonts", "It smudged."], False),  # a heading is a break
        (["Kerning.", "Ligatures.", "Margins."], False),
    ],
)
def test_a_short_paragraph_goes_on_about_what_is_around_it(between: list[str], kept: bool) -> None:
    text = "\n\n".join(["Sort the drum inks.", *between, "The drum inks dried.", *STRAY])
    ink = threads(Entry(text))[0]
    assert (between[-1] in {each.text for each in ink.paragraphs}) is kept


def test_short_paragraphs_that_hand_on_a_word_each_are_one_thread() -> None:
    chain = ["Sort the drum inks.", "The drum smudged margins.", "Margins hold the staples.", "Staples rust."]
    chain += ["Rust eats the guillotine.", "The guillotine squeaks."]
    named = threads(Entry("\n\n".join([*chain, *STRAY])))[:-1]
    assert [[each.text for each in thread.paragraphs] for thread in named] == [chain]


@given(st.lists(st.frozensets(st.sampled_from("abcdefghij"), max_size=5), min_size=1, max_size=12))
def test_words_are_grouped_as_if_each_merge_looked_at_every_tie(known: list[frozenset[str]]) -> None:
    count = Counter(word for words in known for word in words)
    assert _groups(known, count) == plainly_grouped(known, count)


def plainly_grouped(known: list[frozenset[str]], count: Counter[str]) -> list[set[str]]:
    """By greedy modularity, looking at every tie before each merge."""
    ties = _ties(known, count)
    groups = {word: {word} for word in sorted({word for pair in ties for word in pair})}
    total, degree = sum(ties.values()), dict.fromkeys(groups, 0.0)
    for (one, two), tie in ties.items():
        degree[one] += tie
        degree[two] += tie
    while ties:
        gains = {
            pair: tie / total - degree[pair[0]] * degree[pair[1]] / (2 * total * total) for pair, tie in ties.items()
        }
        gain, (one, two) = max((gain, pair) for pair, gain in gains.items())
        if gain <= 0 and len(groups) <= 2:
            break
        groups[one] |= groups.pop(two)
        degree[one] += degree.pop(two)
        ties = _merged(ties, one, two)
    return list(groups.values())


def test_an_entry_of_nothing_has_no_thread() -> None:
    assert threads(Entry("")) == []
    assert threads(Entry("```{code-cell}\n1\n```\n")) == []


@pytest.mark.parametrize("fence", ["```text\n{}\n```", "~~~\n{}\n~~~", "{}"])
def test_an_error_in_a_fence_or_set_in_is_one_that_was_pasted(fence: str) -> None:
    error = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    d[k]\nKeyError: 1'
    shown = fence.format(error) if "~" in fence or "`" in fence else "    " + error.replace("\n", "\n    ")
    text = f"It died with\n\n{shown}\n\nand that was it.\n"
    assert kinds(text) == ["traceback"]
    (found,) = [each for each in said(Entry(text)) if "KeyError" in each.text]
    assert "".join(Entry(text).rows[found.span.start : found.span.stop]).strip() == shown.strip()
    assert kinds(f"> {error}\n") == kinds(f"```{{code-block}} text\n{error}\n```\n") == []


def test_a_line_for_a_terminal_that_is_set_in_is_one() -> None:
    assert heard("Then\n\n    git log --oneline | head\n\nand so on.\n") == [("shell", 2)]
    assert kinds("Then\n\n    x = git(log)\n    y = 2\n\nand so on.\n") == []


@pytest.mark.parametrize(
    "error",
    [
        "petsc4py.PETSc.Error: error code 76\n[0] KSPSolve() at itfunc.c:1085",
        "wave.f90:12:5: error: expected a right parenthesis",
        "thread 'main' panicked at src/main.rs:4:9",
        "Segmentation fault (core dumped)",
    ],
)
def test_errors_of_other_languages_are_known_by_their_shape(error: str) -> None:
    assert kinds(error + "\n") == ["traceback"]


@pytest.mark.parametrize(
    "words",
    [
        "Let's also plot the errors",
        "Please also check the mesh",
        "I should also rerun the sweep",
        "TODO: also check it",
    ],
)
def test_also_within_one_task_parts_nothing(words: str) -> None:
    assert several(words) == [words]


def test_a_task_and_also_another_are_two() -> None:
    words = "I should also rerun the sweep, and also check the mesh"
    assert several(words) == ["I should also rerun the sweep", "check the mesh"]


@pytest.mark.parametrize(
    "words",
    [
        "I could run `rm -rf build && make` but that would wipe the cache.",
        "Let me run `git clean -f`. Actually, I won't.",
        "I could run `rm -rf build` but I would rather not.",
        "I want to run `git push --force` so badly right now, but no.",
        "Let me run `pytest -q` in my head: it would fail.",
        "Then run `nvidia-smi` to see memory, says the README.",
        "Run `make bench`. No, not today.",
        "$ 5 is what it costs.",
    ],
)
def test_a_command_that_its_author_will_not_run_here_is_nothing_to_run(words: str) -> None:
    assert not {"task", "shell"} & set(kinds(words))


def test_what_is_not_understood_takes_no_command_back() -> None:
    assert kinds("Let me run `pytest -q`. I don't see why it fails.")[0] == "task"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- [ ] autocorrelation by batch means\n- [ ] the colour bar\n- [x] gmsh\n- paper\n", [0, 1, 2]),
        ("TODO write to Anna\nTODO - buy milk\nFIXME the plot labels\n", [0, 1, 2]),
        ("Next: implement parallel tempering with four temperatures.\n", [0]),
    ],
)
def test_what_is_written_as_a_list_of_what_to_do_is_a_task_each(text: str, lines: list[int]) -> None:
    assert heard(text) == [("task", line) for line in lines]


@pytest.mark.parametrize("words", ["- [ ] the colour bar", "Let's threshold the photographs."])
def test_what_may_be_for_no_machine_is_the_authors_own_and_is_offered_to_nobody(words: str) -> None:
    assert kinds(words) == ["task"]
    assert list(remarks(Entry(f"{words}\n\nWell.\n"))) == []


@pytest.mark.parametrize(
    "words",
    [
        "Let's threshold the photographs.",
        "Let's do\nOtsu, then the fraction of area.",
        "Let's segment images.",
        "Let me compute the gap for n from 2 to 14.",
        "Let me check it.",
        "Let me write a test for it.",
        "todo: fix the plot",
        "todo(anna): fix the plot",
        "@todo fix the plot",
    ],
)
def test_what_one_sets_out_to_do_is_a_task_whatever_the_verb(words: str) -> None:
    assert kinds(words) == ["task"]


def test_each_todo_is_a_line_of_its_own_however_it_is_spelled() -> None:
    assert heard("todo: fix the plot\ntodo: write to Anna\n") == [("task", 0), ("task", 1)]


@pytest.mark.parametrize(
    "words",
    [
        "let's say it is the mesh.",
        "let's suppose the gap is one.",
        "let's be honest, it is slow.",
        "Let's do lunch.",
        "Let's do it.",
        "Let's move on.",
        "Let's ignore the constant.",
        "Let's break down the cost:",
        "Let me explain the mesh.",
        "Let me think about the mesh.",
        "Let me try again.",
        "Let me sum up.",
        "Let me use the coarse mesh.",
        "Let's put it differently.",
        "Let's turn to the second mesh.",
        "Let's do our best.",
        "My todo list is long.",
    ],
)
def test_what_is_agreed_supposed_or_announced_is_no_task(words: str) -> None:
    assert kinds(words) == []


def test_what_somebody_says_is_so_is_no_decision_and_an_order_that_is_asked_is_no_task() -> None:
    assert kinds("Anna says it is.") == []
    assert "task" not in kinds("Revert to step 0.1? God no.")


@pytest.mark.parametrize(
    ("proof", "task"),
    [
        ("Integrate by parts and drop the boundary term.", "Integrate by parts and plot the boundary term."),
        ("Add the two equations and divide by h.", "Add the two equations to the appendix."),
        ("Let's use the bound, and then take the limit.", "Let's check the bound, and then take the limit."),
        ("Drop the last term and multiply both sides by two.", "Make it divide by n and not by n - 1."),
        ("Use the triangle inequality.", "Use the triangle inequality numerically."),
        ("Apply Markov's inequality to the hitting time.", "Check the bound for the cube."),
        ("Then run the chain for $t$ steps.", "Then run the chain for $10^4$ steps."),
        ("Run the chain until it couples; call the time $T$.", "Plot the gap against $n$."),
        ("We need to take the limit for $n$ large.", "We need to check the limit for $n$ large."),
        ("We need to have $n > 3$ here.", "We need another plot for $n > 3$ here."),
    ],
)
def test_a_step_of_a_proof_is_no_task(proof: str, task: str) -> None:
    assert kinds(proof) == []
    assert kinds(task) == ["task"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Count me in.", []),
        ("Drop me a line.", []),
        ("Find me the paper that Roberts wrote.", ["task"]),
        ("Write us a test for the gap.", ["task"]),
        ("Let's see what the reviewer wants.", []),
        ("Let's see whether Anna likes it.", []),
        ("Let's see what the profiler says.", ["task"]),
    ],
)
def test_what_is_done_to_somebody_or_waits_for_somebody_is_no_task(words: str, expected: list[str]) -> None:
    assert kinds(words) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("$ pip install foo\nERROR: No matching distribution found for foo", "ERROR: No matching"),
        ("$ pip install foo\nCollecting foo\nERROR: No matching distribution found for foo", "ERROR: No matching"),
        ("me@host:~/x$ make\nfatal: not a git repository", "fatal: not a git"),
        ("In [3]: 1 + 'a'\nTypeError: unsupported operand type(s) for +", "TypeError: unsupported"),
        (">>> x\nNameError: name 'x' is not defined", "NameError: name 'x'"),
    ],
)
def test_an_error_below_what_was_typed_at_a_prompt_is_one(text: str, says: str) -> None:
    quoted = text.startswith(">")  # outside of a fence that is a quotation
    for way in (f"```text\n{text}\n```", *([] if quoted else [text])):
        assert kinds(f"{way}\n\nWell.\n") == ["traceback"]
    found = pasted(text)
    assert found is not None
    assert found.says.startswith(says)


def test_an_error_that_prose_speaks_of_is_none_whatever_stands_above() -> None:
    for first in ("$ 5 is what it costs.", "In 3 of the runs I saw this:", "We ran it."):
        assert pasted(f"{first}\nERROR: it was not mine") is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("What would change my mind about the mesh?", ["question"]),
        ("I have not changed my mind.", []),
        ("I might change my mind about the mesh.", []),
        ("Nothing could change my mind.", []),
        ("Until I change my mind, so be it.", []),
        ("Ines has not convinced me.", []),
        ("That is no reason to abandon the mesh.", []),
        ("Not going with the mesh after all?", ["question"]),
        ("Have we decided on the mesh?", ["question"]),
        ("Anna changed my mind about the mesh.", ["reversal"]),
        ("I was not sure, but I changed my mind.", ["reversal"]),
        ("Scratch that, why not both?", ["reversal"]),
    ],
)
def test_a_mind_is_changed_only_where_that_is_said_to_have_happened(words: str, expected: list[str]) -> None:
    assert kinds(words) == expected


@pytest.mark.parametrize(
    ("words", "decides"),
    [
        ("So the blue one wins on speed.", False),
        ("The blue one wins, 0.83 against 0.71.", False),
        ("A reader will do whatever it likes.", False),
        ("One must be careful.", False),
        ("The gap must be positive.", False),
        ("The answer must lie between the two.", False),
        ("We decided nothing.", False),
        ("That is what I should do instead of tuning anything.", False),
        ("The blue one wins, the rest is taste.", True),
        ("Ten will do for now.", True),
        ("Each key must be signed.", True),
    ],
)
def test_a_result_a_maxim_and_what_follows_are_no_decisions(words: str, decides: bool) -> None:
    assert kinds(words) == ["decision"] * decides
