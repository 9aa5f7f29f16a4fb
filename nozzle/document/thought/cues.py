"""What a sentence is: a task, a question, a decision, the taking back of one, or nothing to act on.

The rules are rows of a table, tried from the top; the first that holds decides. Each row was made on the development
half of bench/paragraphs and on a real ramble, and `python bench/cues.py` prints how often all of them are wrong. They
rather miss than invent: a task proposed that nobody meant costs more than one not seen.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from nozzle.document.thought.pasted import pasted, refrains, says_to_run, shell, to_run, trace
from nozzle.document.thought.said import Paragraph, Sentence

Kind = Literal["task", "question", "decision", "reversal", "wish", "done", "traceback", "shell"]
"""`wish`: what the author wants there to be. `done`: something was made or tried, and came out one way or the other."""


BOX = "a box"
"""The rule that takes an item with a box for a task, whatever its words."""
LETS = "let's, whatever"
"""The rule that takes for a task what follows "let's" with a verb that may be none for a machine."""
OWN = (BOX, LETS)
"""Rules whose tasks are the author's own, and not for an agent."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A sentence that asks for something or settles something, and the rule that says so."""

    kind: Kind
    sentence: Sentence
    rule: str
    shown: str = ""
    """The sentence, or of a long one the part around what was heard."""


# what somebody, or an agent, can be asked to do with a machine
_ACTS = (
    "add|annotate|archive|ask|assemble|back up|batch|benchmark|bring|build|cache|calculate|capture|change|check|clean|"
    "collect|compare|compile|compute|condense|convert|copy|count|cross-check|cut|debug|delete|deploy|describe|design|diff|"
    "document|double[- ]check|download|draft|drain|draw|drop|dump|estimate|evaluate|exclude|experiment|explain|export|"
    "extract|filter|find|fit|fix|flush|format|fuzz|generate|give|grep|group|hash|implement|import|index|install|integrate|"
    "investigate|label|lint|list|load|log|look|make|mark|measure|merge|migrate|mock|monitor|move|normali[sz]e|order|pack|"
    "parse|patch|pick up|ping|plot|poll|port|prepare|print|probe|profile|prove|prune|publish|pull|put|query|rank|re-?run|"
    "rebase|rebuild|recompute|record|redo|refactor|refit|regenerate|remove|rename|repeat|replace|replay|report|reproduce|"
    "resize|restart|restore|revert|rewrite|run|sample|scan|schedule|score|scrape|search|seed|send|set|set up|shrink|show|"
    "shuffle|simplify|simulate|sketch|solve|sort|split|squash|start|strip|subset|sum|summari[sz]e|swap|sweep|switch|tag|"
    "test|tidy|time|trace|track|train|translate|trim|try|tune|turn|unpack|update|upgrade|upload|use|validate|vectori[sz]e|"
    "verify|walk|wipe|wire|work out|wrap|write"
)
# what follows a verb that is an order, and not a noun at the head of a sentence ("time flies", "test coverage is")
_OBJECT = (
    r"(?:the|a|an|it|its|this|that|these|those|them|my|our|your|all|each|every|both|some|one|two|three|"
    r"whether|if|how|what|which|where|why|on|with|for|again|out|up|over|against|into|in|at|by|from|to|"
    r"everything|something|more|another|any|last|\d[\d,.]*|[a-z]+ing\b|[a-z]+'s\b|`)"
)
_FOR_ME = (
    r"(?:bring|build|compute|draft|draw|explain|export|fetch|find|generate|give|list|load|look|make|plot|prepare|print|pull|"
    r"put|run|send|show|sketch|summari[sz]e|test|write) (?:me|us)\b"
)
"""What is made for somebody; after other verbs "me" is what the verb is done to: "count me in", "drop me a line"."""
_POLITE = r"(?:just |please |maybe |also |first |now |then |quickly |go (?:and|ahead and) |help me (?:to )?)*"
_DOES = re.compile(rf"(?i)\b(?:{_ACTS}) +[\w`'\"*$]")
_OPEN = (
    r"^(?:(?:so|and|but|okay|ok|yeah|yes|well|also|then|now|next|first|oh|anyway|honestly|hmm|right|please|plus|no|"
    r"maybe)[,:]? +)*"
)
_WHO = r"(?:I|we|you|someone|somebody)"
_CHOOSE = r"(?:go with|stick (?:with|to)|stay (?:with|on)|keep|settle (?:on|for)|call it|leave it|use|pad|pick|drop)"

_SUBJECT = (
    r"^(?:(?:[Ss]o|[Aa]nd|[Oo]kay|[Oo]k|[Yy]eah),? )*(?!(?:[Ii]t|[Tt]his|[Tt]here|[Ww]hat|[Hh]e|[Ss]he|[Tt]hey|I|[Yy]ou|[Ii]f|[Ww]hen|"
    r"[Nn]obody|[Ee]very\w+|[Ss]ome\w*|[Tt]ime|[Mm]y|[Hh]is|[Hh]er|[Tt]hings?) )[\w'-]+(?: [\w'-]+){0,4}?"
)
"""What a sentence that settles something is about: a few words that name it, at the head."""

_MINDS = (
    r"[^,.;]{0,30} (?:wants?|thinks?|decides?|prefers?|suggests?|likes?|feels?|believes?|hopes?|repl(?:y|ies)|"
    r"makes? of (?:it|this|that))\b"
)
"""What somebody wants or thinks is not seen on a machine: it is waited for."""

_NOT_A_FACT = (
    r"(?!(?:have|lie|equal|hold|exist|converge|vanish|satisfy|mean|come|depend|follow|differ|contain|seem|feel|know)\b)"
    r"(?!be (?!\w+ed\b|built|cut|done|drawn|given|held|kept|left|made|put|read|run|sent|set|shown|taken|written))"
)
"""What must be so is concluded; what must be done is settled."""

_MADE = (
    "baseline|benchmark|cell|chart|check|command|comparison|dashboard|diagram|estimate|figure|fit|function|graph|helper|list|"
    "measurement|notebook|patch|picture|plot|profile|program|query|report|run|script|simulation|sketch|summary|table|test|"
    "tool|wrapper"
)
"""What can be made with a machine."""

_ANY_VERB = (
    r"(?!(?:win|visit|thank|tell|pray|join|invite|aim|accept|admit|agree|all|allow|assume|be|begin|believe|both|bother|break|call|celebrate|choose|come|concentrate|consider|"
    r"continue|define|denote|dig|discuss|dive|drink|eat|end|enjoy|face|fix|focus|forget|get|go|grant|hear|hope|ignore|illustrate|imagine|just|"
    r"keep|leave|let|meet|move|neglect|never|not|note|observe|pause|pick|pretend|proceed|recall|recap|remember|restrict|return|"
    r"say|see|set|settle|sleep|stay|stick|stop|suppose|take|talk|think|trust|wait|watch|wonder|work)\b)[a-z][a-z-]+"
)
"""A verb after "let's": not one of those that agree, suppose, or are for people only."""
_NO_TALK = r"(?!(?:start over|turn to|give (?:up|it)|put it|drop it|start with an? (?:definition|example|word))\b)"
"""What "let's" says of the talk itself."""
_PHRASE = r"(?:it|this|that|them|so|(?:our|my) best|things|lunch|dinner|coffee|(?:a |the )?(?:break|chat|call|walk|beer|moment|minute|pass))\b"
_TELLS = (
    r"(?:add|ask|bring|describe|draft|drop|explain|give|list|log|look|make|mark|move|note|prove|put|repeat|report|send|show|"
    r"sketch|start|sum up|summari[sz]e|time|turn|use|walk|write)\b"
    rf"(?! (?:an?|the|some|another) (?:[\w-]+ ){{0,2}}(?:{_MADE})s?\b)"
)
"""What "let me" announces that is said at once."""

_TASKS: tuple[tuple[str, str], ...] = (
    ("can you", rf"(?i)\b(?:can|could|would|will) you {_POLITE}(?:{_ACTS})\b|^(?:can|could|would|will) you help me\b"),
    ("TODO", r"\b(?:TODO|FIXME)\b|(?i:\bto[- ]?do(?:\([\w ]+\))?: ?\S|^@todo\b|^fixme: )"),
    ("next", rf"(?i)^next(?: up| step)?: {_POLITE}(?:{_ACTS})\b"),
    ("let's", rf"(?i){_OPEN}let'?s {_POLITE}{_NO_TALK}(?:{_ACTS})\b(?! (?:say|hope|face|be|on[.!]*$|just say|what happens|how it goes))"),
    (LETS, rf"(?i){_OPEN}let'?s {_POLITE}{_NO_TALK}{_ANY_VERB} (?!{_PHRASE})(?:{_OBJECT}|[A-Z][\w'-]+|[\w'-]+s)(?=[\s,.;:!'\u2019]|$)"),
    ("let me", rf"(?i){_OPEN}let me {_POLITE}(?!{_TELLS})(?:{_ACTS}) (?!`|again\b)[\w'\"$]"),
    ("please", rf"(?i)(?:^please {_POLITE}|\bplease )(?:{_ACTS})\b|^{_POLITE}(?:{_ACTS})\b.{{3,}}\bplease[.!]*$"),
    ("I want you to", r"(?i)\bI(?:'d like| want| need|'d love) you to\b"),
    ("give me", rf"(?i){_OPEN}(?:give|show|walk|tell|get) (?:me|us)\b(?! a break| that)"),
    ("give me", r"(?i)\b(?:yeah|honestly|so|okay|and) (?:give|show) me\b(?! a break)"),
    ("an order", rf"(?i){_OPEN}(?:{_ACTS})(?: (?:{_ACTS}))?(?: back| down)? {_OBJECT}"),
    ("an order", rf"(?i){_OPEN}{_FOR_ME}"),
    ("an order", rf"(?i){_OPEN}(?:{_ACTS}) (?:\w+ing|numpy|both|\w+) (?:against|with|to|into|for|from|before|next|and)\b"),
    ("an order", rf"(?i){_OPEN}(?:put|leave|send|move|add|bring) [a-z]+s (?:in|into|on|to|for|back|at)\b"),
    ("have a look", rf"(?i){_OPEN}{_POLITE}(?:have|take) (?:a|another) (?:\w+ )?look\b"),
    ("let the", rf"(?i){_OPEN}let (?:the|each|every|all) [\w -]{{2,40}}? (?:{_ACTS}|say|tell|name|wait|stop)\b"),
    ("see whether", rf"(?i)(?:{_OPEN}|\blet'?s ){_POLITE}see (?:if|whether|how|what|an?|which)\b(?! (?:happens|comes)|{_MINDS})"),
    ("an order", r"(?i)^(?:shrink|run|fix|plot|time|measure|check|test|try|do|ask) (?:it|them|that|this|him|her)\b[.!]*"),
    ("have to", rf"(?i)\b{_WHO} (?:should|really should|need to|have to|must|ought to|gotta|got to|had better) {_POLITE}(?:{_ACTS})\b"),
    ("need to", r"(?i)\b(?:I|we) (?:just )?need to (?:create|write|build|make|draw|add|redo)\b"),
    ("need a", rf"(?i)\b(?:I|we) (?:still |really |just |also )*(?:need|want|could (?:do with|use)) (?:an?|another|some|one|two|three) (?:[\w-]+ ){{0,2}}(?:{_MADE})s?\b"),
    ("gonna need", r"(?i)^(?:oh )?(?:gonna|going to|will) need (?:a|an|the)\b"),
    ("remaining", r"(?i)\b(?:remaining|next|last|only|other) (?:thing|step|task|job|bit|piece)s?(?: left)?(?: to do)? (?:is|are|would be)(?: now)? to\b"),
    ("don't forget", r"(?i)\b(?:remind me to|don'?t forget to|remember to|make sure (?:that|to|it|the|we))\b"),
    ("worth", r"(?i)\b(?:worth|might be worth) (?:checking|trying|measuring|testing|looking|plotting)\b"),
)  # fmt: skip

_QUESTIONS: tuple[tuple[str, str], ...] = (
    ("I wonder", r"(?i)\b(?:I(?:'m| keep| am)? wonder(?:ing)?|wondering) (?:if|whether|why|how|what|where|when|which|who)\b"),
    ("not sure", r"(?i)\b(?:not|never|no) (?:quite |really |even )?(?:sure|clear|certain|idea) (?:if|whether|why|how|what|where|when|which|who)\b"),
    ("I don't know", r"(?i)\b(?:I|we) (?:don'?t|do not|can'?t|still don'?t) (?:know|understand|get|see|tell|remember) (?:if|whether|why|how|what|where|when|which)\b"),
    ("I'd like to know", r"(?i)\bI(?:'d| would) (?:like|love) to know\b"),
    ("whether I should", r"(?i)\b(?:if|whether) (?:I|we) should\b"),
    ("the question is", r"(?i)\b(?:the|my|one|open|another) question (?:is|was|remains)\b(?!:$)|^question:"),
    ("unclear", r"(?i)\b(?:unclear|unsure|undecided|(?:still )?open|hard to (?:say|tell|know)|curious|puzzled|debating|wonders?|in two minds about) (?:if|whether|why|how|what|where|when|which|who)\b"),
    ("can't work out", r"(?i)\b(?:I|we) (?:can'?t|cannot|couldn'?t|can never|keep trying to|need to) (?:work out|figure out|make out|decide|explain|understand|find out) (?:if|whether|why|how|what|where|when|which|who)\b"),
    ("any idea", r"(?i)^(?:(?:so|and|but|okay|hey)[,:]? +)*(?:any(?:one|body)? (?:idea|clue|know|guess)|anyone knows?)\b"),
    ("what I don't get", r"(?i)\bwhat (?:I|we) (?:still )?(?:don'?t|do not|can'?t|cannot) (?:get|understand|see|know|grasp|work out) (?:\w+ )?is (?:if|whether|why|how|what|where|when|which|who)\b"),
    ("asking myself", r"(?i)\b(?:asking|ask) myself (?:if|whether|why|how|what|where|when|which|who)\b|\bwhat (?:puzzles|bothers|worries|bugs) me is (?:if|whether|why|how|what|where|when)\b"),
    ("remains open", r"(?i)\b(?:remains|stays|is still) (?:open|to be seen|a mystery|unanswered|unexplained|unclear)\b"),
    ("a question mark", r"\?[\"')\]*_]*$"),
    ("a question word", r"(?i)^(?:(?:so|and|but|okay|ok|hey|wait|also)[,:]? +)*(?:how|why|what|where|when|which|who|whose) (?:do|does|did|is|are|was|were|can|could|would|should|will|many|much|long|big|often|far|happens)\b"),
    ("why not", r"(?i)\bwhy not (?:just |actually |like |sort of )*(?:have|make|do|use|build|run|put|let|keep|write|call|take|\w+ing)\b"),
    ("or", r"(?i)^(?:do|does|did|is|are|should|can|could|would|will) (?:I|we|it|that|this|the|they|you)\b.*\bor\b"),
)  # fmt: skip

_DECISIONS: tuple[tuple[str, str], ...] = (
    ("decided", r"(?i)\b(?:I|we)(?:'ve| have|'d)?(?: just| finally| pretty much)? (?:decided|settled on|chosen|chose|agreed(?! to disagree)|made up my mind)(?! (?:nothing|not yet)\b)\b|\b(?:made|making) the decision\b|\bdecided\.$|^decision:|\bthat settles it\b"),
    ("going with", r"(?i)\b(?:I'm|I am|we're|we are) (?:just )?(?:going (?:with|for)|sticking (?:with|to)|starting (?:from|with)|keeping|using|dropping|leaving|staying (?:with|on)|not (?:re)?\w+ing\b(?! to (?:lie|say|pretend|be|know|make it)\b))"),
    ("going to do it in", r"(?i)\b(?:I'm|I am|we're|we are) (?:going to|gonna) (?:write|do|build|make|run|use) (?:it|this|that|them|everything) (?:in|with|on|as|from)\b"),
    ("doing this in", r"(?i)\b(?:I'm|I am|we're|we are) (?:doing|writing|building) (?:all (?:of )?)?(?:this|it|that|everything) (?:in|with|on|as)\b"),
    ("we'll", rf"(?i)\b(?:I'll|we'll|I will|we will) (?:just )?(?:{_CHOOSE}|do it|take the)\b"),
    ("let's keep", r"(?i)^(?:(?:so|and|okay|ok|yeah|no)[,:]? +)*let'?s (?:just )?(?:go with|stick (?:with|to)|stay with|keep|settle on|leave it|call it|not)\b"),
    ("will be using", r"(?i)\b(?:I|we) (?:will|'ll) be (?:using|doing|keeping)\b"),
    ("from now on", r"(?i)\bfrom (?:now|here) on\b"),
    ("it is", r"(?i)^(?:(?:so|okay|ok|alright|right|fine|good|well|then|hmm+)[,:]? +)*(?!(?:\w+ )?(?:says|said|thinks|claims|what|whatever|course|sure|indeed|yes|surely|as|how|who|where|wherever|that|this|there|here|know|knows|whose|why|is|was|because|think|if|like|the way|such)\b)[\w+/-]+(?: [\w.+/-]+){0,3} it is[.!]*$"),
    ("going to be", r"(?i)^(?:(?:so|and|okay|ok)[,:]? +)*(?:the|our|my|each|every|all|both) (?:[\w'-]+ ){1,4}(?:is|are) going to be (?!\w+(?:ing|y)\b|late\b|hard\b|fun\b|fine\b|bad\b|good\b|hot\b|cold\b|too\b|so\b|very\b|a (?:problem|pain|mess|disaster))\w+"),
    ("will be", r"(?i)^(?:(?:so|and|okay|ok)[,:]? +)*(?:the|our|my|each|every|all|both) (?:[\w'-]+ ){1,4}(?:will|shall) (?:only |not |always |never )?(?:be (?:about|one|two|three|half|\d[\d.,]*)\b|get (?:an?|its|their)\b|live in\b|stay\b|go (?:in|out|first|last|through)\b)"),
    ("throwing out", r"(?i)\b(?:I'm|I am|we're|we are) (?:just |now |also )?(?:throwing (?:out|away)|getting rid of|scrapping|cutting|switching (?:to|from|over)|moving (?:to|away from|over to)|replacing|retiring|adopting|banning|limiting|restricting|ruling out|fixing (?:the|it|that|this) (?:[\w-]+ ){0,3}(?:at|to)|setting (?:the|it|that|this) (?:[\w-]+ ){0,3}to)\b"),
    ("one instead of the other", rf"(?i)^(?:(?:so|okay|ok|then|right|fine)[,:]? +)*(?!(?:[\w'-]+ )*(?:I|we|you|he|she|it|they|this|that|there|who|what|is|are|was|were|has|have|had|do|does|did|can|could|would|should|will|might|may|must|to|people|everyone|everybody|nobody|\w+ed|\w+ing) )(?!(?:{_ACTS}|for|as|by|with|in|on|of|from) )(?:[\w'.+-]+ ){{1,4}}(?:instead of|rather than|in place of) (?!\w+ing )[^,:?!]{{2,40}}[.!]*$"),
    ("the last word", r"(?i)(?:^|[,.;:] ?)(?:and )?(?:end of (?:the )?(?:discussion|debate|argument)|period|that'?s that|not up for (?:debate|discussion)|non-negotiable|no (?:more )?discussion)[.!]*$|\b(?:I|we) refuse to (?!believe\b|accept that\b|think\b)\w+|\buntil further notice\b|\b(?:has|have|will have|is going to have) to (?:do|suffice|be enough)[.!]*$|\buntil (?:there'?s|there is|I see|we see|somebody shows|someone shows|we have|I have) (?:evidence|proof|a (?:good )?reason|data|numbers)\b"),
    ("let's agree", r"(?i)^(?:(?:so|and|okay|ok|then|fine)[,:]? +)*let'?s (?:all |just )?(?:agree (?:that|on|to)|make it|fix (?:it|the|that) |standardi[sz]e|say that|limit|stick)\b"),
    ("whatever it is", r"(?i)^(?:(?:so|and|okay|ok)[,:]? +|let'?s agree (?:that )?)*(?:anything|everything|whatever|whoever|any \w+|every \w+|all \w+) (?:that|which|with|without|under|over|above|below|beyond|from|bigger|smaller|longer|shorter|larger|older|newer) [^,.?!]{2,50} (?:goes|go|gets|get|must|has to|have to|is to|are to|stays?|runs? (?:on|in|through)) "),
    ("not done any more", r"(?i)\b(?:is|are)(?:n't| not) (?:being )?(?!needed|required)\w+ed(?: any ?more| any longer)\b"),
    ("done with", r"(?i)\b(?:I'm|I am|we're|we are) done with\b"),
    ("we stay", r"(?i)^(?:so |okay |ok |and )*(?:I|we) (?:stay (?:on|with)|stick (?:with|to)|keep|use|drop|pick|take)\b(?! \w+ing\b)"),
    ("keep", r"(?i)^(?:(?:so|and|okay|ok)[,:]? +)*(?:keep|leave|no more|stick (?:with|to)) (?:the|it|them|a|an|only|to|\d+|that)\b"),
    ("stays", r"(?i)^[\w -]{3,40} (?:stays?|goes|go) (?:as (?:it|they) (?:is|are)|first|away|out|in)\b"),
    ("rather keep", r"(?i)\bI'd (?:rather|like to) (?:just )?(?:keep|stay|stick|leave)\b"),
    ("not any more", r"(?i)\b(?:I|we) (?:don'?t|do not|won'?t) (?:want to )?(?:use|do|need|want|touch|build)\b.*\b(?:any ?more|again)\b"),
    ("not building", r"(?i)\b(?:I'm|I am|we're|we are) not (?:going to |gonna )?(?:us|build|do|writ|mak|ship|retrain|even going)\w*\b"),
    ("I'll call it", r"(?i)\b(?:I'll|we'll) call (?:it|this|the|that|whatever)\b"),
    ("might as well", r"(?i)\bmight as well (?:do|use|go|build|write|keep)\b"),
    ("that settles it", r"(?i)(?:^|[,.;:] ?)(?:and )?(?:(?:that'?s|that is|it'?s) (?:final|settled|decided|the rule|that)|settled|no exceptions|full stop|end of story|no matter what)[.!]*$"),
    ("goes", rf"(?i){_SUBJECT} (?:goes|go|is out|are out|stays?|stays? in|stays? out)(?:[,.;:]|$)"),
    ("goes", rf"(?i){_SUBJECT} (?:goes|go) (?:first|last|away|out|in|into|to) ?(?:[,.;:]|$|the\b)"),
    ("stays", rf"{_SUBJECT} stays? [A-Z][\w.+-]*(?:[,.;:]|$)"),
    ("becomes", rf"(?i){_SUBJECT} (?:becomes? (?:an? )?[\w+-]+(?: (?:with|and|in)\b|[,.;:]|$)|(?:do(?:es)?n'?t |does not |do not )?gets? [a-z]+ed\b)"),
    ("it is", r"(?i)[,;] [\w.+/-]+(?: [\w.+/-]+){0,2} it is[.!]*$"),
    ("we settle on", r"(?i)^(?:so |okay |ok |and )*(?:I|we) (?:settle|agree|decide) (?:on|for|to)\b"),
    ("and not", r"(?i)^(?!.*\b(?:wonder|should|could|might)\b)(?:.*)\b(?:I'll|we'll|I will|we will|from|is|are|on|by|in|with) [^,.?]{2,40}?,? (?:and not|rather than|instead of) [a-z ]{2,30}[,.;]|^(?:we|I) (?!was|were|had|did|could|would|want|thought|said)\w+ [^,.?]{2,60}\band never\b"),
    ("no more of it", r"(?i)^(?:so |okay |and )*no [\w -]{3,40}(?: anywhere| at all| ever(?: again)?| this (?:year|time|week|month|round)|, only\b)"),
    ("not what I want", r"(?i)\bthat(?:'s| is) not what (?:I'm|I am|we're|we are) (?:looking for|after|building|doing)\b"),
    ("get rid of", r"(?i)\b(?:I|we) want to get rid of\b"),
    ("okay, we'll", r"(?i)^(?:(?:okay|ok|so|fine|right|alright|then|good)[,:]? +)+(?:I|we)(?:'ll| will|'m going to|'re going to) (?!be\b|see\b|never\b|have to\b|need\b|probably\b|wait\b)\w+"),
    ("commit to", r"(?i)^(?:(?:so|and|okay|ok|fine)[,:]? +)*(?:I|we)(?:'m|'re| am| are)? (?:commit(?:ting)? to|choos(?:e|ing)|go(?:ing)? (?:with|for)|standardi[sz](?:e|ing) on|cap(?:ping)?|freez(?:e|ing)|settl(?:e|ing) (?:on|for)|skip(?:ping)?|cut(?:ting)?) (?!this week\b)\w+"),
    ("the rule is", r"(?i)^(?:(?:so|and|okay|ok)[,:]? +)*(?:the|my|our|new) (?:(?:new|only|one|house) )?(?:rule|plan|decision|choice|default|verdict|policy|deal) is(?: that| now|:|,| to)? (?!what\b|how\b|whether\b|why\b|not clear|unclear)\w+"),
    ("always", r"^(?:(?:[Ss]o|[Aa]nd|[Oo]kay|[Oo]k)[,:]? +)*(?:[Aa]lways|[Nn]ever) (?!mind\b|again\b|thought\b|knew\b|had\b|been\b|seen\b|the\b|a\b|too\b|quite\b|sure\b)[a-z]+ "),
    ("one, not the other", rf"(?i)^(?!\w+'s\b|(?:{_ACTS}|hm+|um+|uh|well|oh|ah|sorry|sadly|maybe|probably|odd|strange|focus|is|are|was|were)\b|(?:the )?problem\b){_SUBJECT[1:]}[^,.?!:]{{0,30}}, (?:not|never) (?!that\b|because\b|if\b|when\b|yet\b|quite\b|really\b|even\b|just\b|so\b|sure\b|only\b)[\w -]{{2,40}}[.!]*$"),
    ("one, not the other", rf"(?i){_OPEN}(?:skip|drop|ditch|leave out) [^,.;:!?]{{2,40}}, (?:just |and |then |rather )?(?:do|use|take|vary|keep|go with|stick with) (?!not\b|it\b)\w"),
    ("gets its own", rf"(?i){_SUBJECT} (?:gets?|has to have|takes?) (?:its|their|his|her) own\b|^(?:each|every) [\w -]{{2,40}} gets (?:an?|one|two|three|no|its|exactly)\b"),
    ("wins", rf"(?i){_SUBJECT} (?:wins?(?![^.;]*\d)|it'?ll be|will do(?: for now| here)?)(?:[.!,;:]|$)"),
    ("agreed", r"(?i)[,;:] ?(?:and |so )?(?:that'?s |that is |it'?s |we'?re )?(?:agreed\b(?! to disagree)[^,.?]{0,40}|the (?:call|plan|deal|one|end of it)(?: (?:I|we) [\w ]{2,30})?)[.!]*$"),
    ("picked", r"(?i)\b(?:I|we)(?:(?:'ve| have) (?:now |just |finally )?picked|(?:'ve| have|'m| am|'re| are)? (?:now |just |finally )?(?:opted for|opting for|landed on|ruled out|ruling out|signed off on))\b"),
    ("the answer is to", r"(?i)^(?:(?:so|and|okay|ok)[,:]? +)*(?:the answer|the way forward|the thing to do|my vote|the compromise) (?:is|goes)(?: to| for| with|:) \w+"),
    ("won't", r"(?i)^(?:(?:so|and|okay|ok|no)[,:]? +)*(?:I|we) (?:won'?t|will not|shall not) (?!be\b|know\b|have\b|see\b|get\b|need\b|make it\b|lie\b|ever\b|say\b|believe\b|find\b)\w+ (?!until I know\b)\w+"),
    ("then", r"^(?:(?:[Ss]o|[Oo]kay|[Oo]k)[,:]? +)*(?!(?:And|What|Not|Until|Till|Since|Back|Just|Well|Right|Okay|Ok|Now|But|Only|Even|By|From|See|Thanks|Bye|Good|Fine|Alright|If|Why|How|So|Or|It|That|This|Before|After|Every|Go|Come|Yes|No|Who|Where|When|Tomorrow|Later)\b)[A-Z\d][\w'.-]*(?: [\w'.-]+){0,3},? then[.!]*$"),
    ("then", r"(?i)^(?!and\b|but\b|well\b|what\b|why\b|not\b|until\b|so long\b)(?:\w[\w'-]* ){1,9}\w[\w'-]*, then[.!]*$"),
    ("no such thing", r"(?i)^no (?!idea|problem|wonder|luck|news|doubt|way|one|need|sign|time|chance|clue|answer|reply|surprise|difference|thanks|worries|matter|reason|rush|change|trace)[\w-]+(?: [\w-]+){0,3} (?:for|in|on|to|before|after|until|without|between|from) [\w -]{2,30}[.!]*$"),
    ("only", r"(?i)^(?:(?:so|and|okay|ok)[,:]? +)*(?:I|we) (?!only|was|were|had|did|could|would|want|thought|said|know|have|got|saw|found|\w+ed\b)\w+ [^,.?]{2,50}\b(?:only|nothing else|no more)[.!]*$|\band nothing else[.!]*$"),
    ("we will", r"(?i)^(?:(?:so|and|then|for now|here|instead)[,:]? +)*we(?:'ll| will| shall|'re going to| are going to) (?:just |only |always |simply )?(?!be\b|see\b|have\b|need\b|get\b|know\b|find\b|wait\b|never\b|not\b|probably\b|maybe\b|miss\b|lose\b|hear\b|learn\b|meet\b|talk\b|soon\b|all\b|want\b|check\b|look\b|test\b|measure\b|ask\b|also\b|then\b|end up\b|run into\b|come\b|live\b)[a-z]+ (?!if\b|whether\b|how\b|why\b|when\b)"),
    ("must", rf"(?i)(?!(?:one|people) (?:must|may|shall)\b){_SUBJECT} (?:must(?: not| never)?|may (?:not|never|only)|shall(?: not| never)?) {_NOT_A_FACT}\w+"),
    ("nothing may", r"(?i)^(?:(?:so|and)[,:]? +)*(?:nothing|nobody|no one|no [\w-]+(?: [\w-]+)?|only [\w' -]{2,40}?) (?:may|must|shall|is allowed to|are allowed to)\b"),
    ("replaces", rf"(?i){_SUBJECT} (?:replaces?|supersedes?|takes? over from|makes? way for|(?:is|are) replaced (?:by|with))\b"),
    ("is dropped", rf"(?i){_SUBJECT} (?:is|are) (?:now |hereby )?(?:dropped|scrapped|postponed|deferred|shelved|retired|mandatory|optional|forbidden|not allowed)(?:[,.;:!]|$| (?:for|until|from|in|on)\b)"),
    ("verdict", r"(?i)^(?:verdict|conclusion|resolution|resolved|final answer|final choice|my call|policy|rule|choice)(?::| [\u2014\u2013-]) \w"),
    ("better than", r"(?i)^(?:(?:so|and|okay|ok)[,:]? +)*better (?!late\b|safe\b|off\b)(?:an? |one |two |the |no |to )?[\w' -]{2,60} than\b|\b(?:I|we)(?:'d)? prefer [^.?]{2,40} (?:to|over|rather|and not)\b"),
    ("as far as we go", r"(?i)\b(?:is|are) as \w+ as (?:we|I|it|this|they) \w+[.!]*$|\b(?:is|are) good enough[.!]*$"),
    ("from a day on", r"(?i)^from (?:this|next|today|tonight|tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b(?! (?:angle|side|it|you|point of view|I (?:see|take|learn)))"),
    ("moves to", rf"(?i){_SUBJECT} moves? (?:in)?to (?:an?|the|its|their)\b"),
    ("is fixed", rf"(?i){_SUBJECT} (?:is|are) (?:now )?(?:in|out|final|settled|off the table|off limits|forbidden|banned|the default|frozen|here to stay)(?:[,.;:!]|$)"),
)  # fmt: skip

_REVERSALS: tuple[tuple[str, str], ...] = (
    ("scratch that", r"(?i)\b(?:scratch (?:that|this|the)|never ?mind\b|on second thou?ghts?|(?:I )?take (?:that|it|this) back|I take back|changed? my mind|strike that)"),
    ("forget", r"(?i)^(?:(?:so|and|okay|ok|actually|no|well|right|hmm+)[,:]? +)*(?:forget (?!to\b|how\b|where\b|when\b|whether\b|you\b|me\b|him\b|her\b|not\b)[\w*`]|(?:scrap|bin|shelve|axe) (?!metal\b|paper\b|is\b|bags?\b|day\b|that'?s\b)(?:the|that|this|it|my|our|those|these|all|both|any|[A-Z])|(?:I|we) withdraw\b)"),
    ("actually no", r"(?i)^(?:(?:so|hmm+|oh|okay|ok|well|and)[,:]? +)*(?:actually[,]? (?:no\b|let'?s not|I'd rather|don'?t|we (?:can|should)n'?t)|(?:no[,]? )?wait[,]? no\b|wait[,]? (?:actually|scratch))"),
    ("I was wrong", r"(?i)\b(?:I|we) (?:was|were|got) (?:that )?wrong\b|\b(?:was|were) a (?:mistake|bad idea)\b|\bno longer (?:true|holds|the plan)\b"),
    ("back to", r"(?i)^(?:(?:so|okay|ok|and)[,:]? +)*(?:I'm |we're )?(?:going )?back to\b(?! (?:work|sleep|bed|you|the point|top))"),
    ("after all", r"(?i)\bafter all\b"),
    ("came round", r"(?i)\b(?:convinced|persuaded) me\b|\btalked me (?:out of|into|round)\b|\b(?:I|we)(?:'ve| have)? (?:come|came) (?:a)?round to\b|\bI stand corrected\b|\b(?:on|upon) reflection\b|\b(?:in|with) hindsight\b|^correction:|\b(?:had|having) second thoughts\b|\b(?:I|we)(?:'ve| have) (?:reconsidered|thought better of)\b|\bI (?:now )?regret (?!to\b|that I\b)\w+ing\b"),
    ("put back", r"(?i)\b(?:I|we)(?:'ve| have|'m| am|'re| are|'ll)? (?:just |now |going to )?(?:put|set|mov|switch|chang|turn|revert|roll)(?:ed|t?ing|e|es)? (?:(?:the|it|that|this|them|my|our|everything)(?: [\w-]+){0,3} )?back(?: to\b| again\b|[,.;!]|$)"),
    ("it was too much", r"(?i)(?:^|[:,;] )\w+ing (?:it|that|this|them|the|all|both|everything|[\w-]+)[^,.?!]{0,40} (?:was|were|has been) (?:too (?!late\b|bad\b)\w+|overkill|premature|silly|wrong|stupid|naive|unnecessary|the wrong \w+|not (?:a good|such a good|my best) \w+)\b"),
    ("pivot", r"(?i)\b(?:a|massive|big|the|hard) pivot (?:from|away|to)\b"),
    ("give up", r"(?i)\b(?:I|we) (?:give|gave|am giving|are giving) up on\b|\babandon(?:ing|ed)?\b|\bditch(?:ing|ed)?\b"),
    ("but now", r"(?i)\bwe said\b.*\bbut\b|\bused to (?:think|want|say)\b.*\bnow\b"),
    ("as it was", r"(?i)\b(?:like|as) (?:it was )?before[.!]*$"),
    ("is back", rf"(?i)^(?:(?:so|okay|ok|and|fine)[,:]? +)*put (?:the|my|our|that|those) [\w -]{{2,40}}? back\b|{_SUBJECT} (?:comes?|goes|go|is|are|gets?) back\b(?! (?:then|when|and forth|at)\b)"),
    ("not enough", r"(?i)\b(?:is|are|was|were) (?:much |far |way )?(?:too (?!bad|late)\w+|not enough|silly|never going to (?:work|happen|fit))\b[^?]*(?:,| and) (?:so\b|make it|it'?s|\w+ (?:gets?|it is)\b)"),
    ("does not stay", r"(?i)\b(?:does not|doesn'?t|do not|don'?t|isn'?t|aren'?t|won'?t be) (?:stay(?:ing)?|go(?:ing)? (?:first|last|out|in|away)|happen(?:ing)?)\b(?! to\b| with\b)"),
    ("we do", r"^(?:(?:[Oo]kay|[Ss]o|[Nn]o|[Aa]nd)[,:]? )*(?:[Ww]e|I) do (?!n't|not|that|this|it|a|the|my|so|think|know|like|love|wonder|have|need|want|see|mean|get|understand|remember|hope|agree|feel|believe|care)[a-z]+ "),
    ("so much for", r"(?i)^(?:(?:so|okay|ok|well|and)[,:]? +)*so much for\b|\b(?:is|are) off the table (?:again|now)\b|\b(?:cancel|undo|revert) (?:that|what I said|the decision)\b"),
    ("no longer want", r"(?i)\b(?:I|we) no longer (?:want|think|need|believe|plan|like)\b|\b(?:don'?t|doesn'?t) (?:want|think|believe) (?:that|it|so) any ?more\b"),
    ("bring back", r"(?i)^(?:(?:so|okay|ok|and|fine|alright)[,:]? +)*(?:let'?s |we |I |we'll |I'll |I'm |we're )?(?:bring|bringing|put|putting|take|taking) (?:back (?:the|my|our|that|those)\b|(?:the|my|our|that|those) [\w -]{2,30} back\b)|^(?:(?:so|okay|ok|and|fine)[,:]? +)*(?:let'?s|we|I|we'll|I'll) (?:go|went|are going|am going) back to\b"),
    ("do need it", r"(?i)\b(?:turns out|apparently|it seems)[,]? (?:that )?(?:we|I|it|they) (?:do|does|did|really) (?:need|want|matter|work|have)\b|\bI (?:said|wrote|decided|claimed|promised) [^.?]{3,80}(?:, |; | )(?:but|and) (?:now|it turns out|that was|that'?s (?:wrong|not))\b"),
    ("is gone", r"(?i)\b(?:was|were|is|are) a (?:bad|silly|stupid|terrible) (?:idea|plan|choice)\b|\bso (?:it|that|they)(?:'s| is|'re| are) (?:gone|out)\b"),
    ("gone again", r"(?i)\b(?:is|are|it'?s|goes|comes|they'?re) (?:out|gone|in|back|off|on) again\b"),
    ("it is again", r"(?i)\b(?:so |and )?[\w.+-]+(?: [\w.+-]+)? it is again[.!]*$"),
    ("instead", r"(?i)^(?:(?:so|okay|ok|and|then|no|nope|fine|right|hmm+)[,:]? +)*(?:(?:I|we)(?:'ll| will|'m going to| am going to|'re going to| are going to|'m| am|'re| are)|let'?s|let us) (?:just |now )?(?:us(?:e|ing)|tak(?:e|ing)|try(?:ing)?|do(?:ing)?|go(?:ing)? with|pick(?:ing)?|writ(?:e|ing)|keep(?:ing)?|switch(?:ing)? to|stor(?:e|ing)|build(?:ing)?|solv(?:e|ing)|run(?:ning)?) [^,.?!]{1,60} instead[.!]*$"),
    ("is out", r"(?i)^(?:(?:so|okay|ok|oh|hmm+|well)[,:]? +)*(?:nope|nah|no)[,.:;!] (?:[\w'+./`-]+ ){1,5}?(?:is|are) (?:out|gone|dead|history|no good)\b(?! (?:of|there|to)\b)|^(?:(?:so|okay|ok|oh|hmm+|well)[,:]? +)*(?:nope|nah|no)[,:;!] (?:\w+ )?(?:out|gone|away) with\b"),
    ("what am I saying", r"(?i)\bwhat (?:the \w+ )?am I (?:saying|talking about|doing)\b"),
)  # fmt: skip

_WISHES: tuple[tuple[str, str], ...] = (
    ("I want", r"(?i)\b(?:I|we)(?:'m|'d)? (?:really |just |still |also )*(?:want|wanna|wanting|need|love) (?:to (?:be able to|have|build|make|create|write|see|do|take|learn|integrate|connect)|being able to|something|the|an?|two|that|it to)\b"),
    ("I'd love", r"(?i)\b(?:I|we)(?:'d| would) (?:really |just )*(?:love|like) (?:to (?:be able to|have|build|make|create|write|see|talk)|something|an?)\b"),
    ("my idea", r"(?i)^(?:so |and |but )?(?:the|my) (?:whole |end |overall )?(?:idea|goal|aim|dream|vision|motivation) (?:is|of)\b"),
)  # fmt: skip

_DONE: tuple[tuple[str, str], ...] = (
    ("it works", r"(?i)\b(?:it|that|this|everything) (?:finally |now |actually |just )?(?:works|worked|runs|ran|passes|passed|failed|fails|broke)\b(?! (?:on|for|at|with|as|like|in|by)\b)"),
    ("got it", r"(?i)\b(?:I|we) (?:finally |just |actually )?got (?:it|that|this|them|the \w+) (?:working|to work|to run|running|done)\b"),
    ("done", r"(?i)^(?:done|fixed|finished|shipped|works)\b[.!,:]"),
    ("I made", r"(?i)^(?:(?:so|okay|ok|and|yeah)[,:]? +)*(?:I|we) (?:just |finally )?(?:ran|built|measured|fixed|added|rewrote|tried(?! to\b)|timed|moved|removed|converted|rebuilt)\b"),
    ("got built", r"^\*\*(?:Integrated|Built|Added|Fixed|Moved|Wrote|Set up|Made)\b"),
)  # fmt: skip

_TABLE: tuple[tuple[Kind, tuple[tuple[str, str], ...]], ...] = (
    ("reversal", _REVERSALS),
    ("task", _TASKS[:1]),
    ("decision", _DECISIONS),
    ("task", _TASKS[1:]),
    ("question", _QUESTIONS),
    ("wish", _WISHES),
    ("done", _DONE),
)
_TAG = re.compile(
    r"(?i)(?:[,.]? \[?(?:(?<!be )right|huh|eh|you know|ya dig|okay|ok|no|see|get it|you see|know what I mean|why not|what'?s the point)|^(?:so|and)? ?"
    r"(?:why not|who cares|who knows|so what|what else|you know what|really|seriously|what|huh|right|do you (?:see|smell|"
    r"get|know) [\w' ]+|see what I mean|you see what I mean|how hard can (?:it|that) be|what could (?:possibly )?go wrong|"
    r"isn'?t (?:it|that) .*|(?:I mean )?isn'?t it .*))\s*\?+[\"')\]]*$"
)
"""Questions that want no answer."""
_ASKS = re.compile(r"(?i)(?:should|does|do|did|would|could|can|are|is|was|were) (?!(?:it|that|this|you)\b)[^,]+\?$")
"""A question that stands by itself, whatever it ends in."""
_LONG = 150
_ADDRESSED = re.compile(r"/(ask|do|wtf)(?=\s|$)\s*")
_SPEECH = re.compile(r"(?i)\b(?:like|says?|said|goes|saying)[:,]?\s*$")
_PLAN = re.compile(r"(?i)\b(?:plan|next|to[- ]?do|phase|steps)\b")
_ITEMS = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
_STEP = re.compile(rf"(?:(?:once|after|when) [^,]+, )?(?:{_ACTS}|leverage|maintain|focus|keep|define|extend)\b", re.I)
_QUOTED = re.compile(
    r"(?<!\w)\'(?:[^\']{12,})\'(?!\w)"
    r"|(?i:(?<=\bsaid, )|(?<=\basked, )|(?<=\bsays, ))[^,.?!]*[,.?!]?"
)
_TOLD = re.compile(
    r"(?i)\b(?:I|we|he|she|they) (?:was|were) (?:going|about|trying|supposed) to\b|\b(?:if|when|once) (?:I|we|you)\b[^,]{0,40}$"
)
_IN_VAIN = re.compile(r"(?i)\b(?:gave (?:it |that )?up|giving up|in vain|to no avail|without success)\b")
_SUPPOSED = re.compile(
    r"(?i)\b(?:less|not) (?:so much )?that\b|^(?:if|when|once|unless|suppose|imagine|whenever)\b|\b(?:like|as if|pretend) (?:you|we|I)(?:'re| are|'m| am)\b"
)
_OF_A_MIND = ("scratch that", "came round", "give up", "I was wrong", "is gone", "so much for", "no longer want")
"""Reversals that tell of a mind that was changed, and can be denied."""
_JOINT = re.compile(r"[,;:.\u2014] ?|\b(?:and|but|so|then|because)\b")
_UNCHANGED = re.compile(
    r"(?i)\b(?:not|never|nothing|nobody|no one|none|neither|cannot|without|hardly|almost|nearly|instead of|rather than|"
    r"too early to|refuse to|reluctant to|afraid to|tempted to|unless|until|if|whether|before|in case|would|could|might|"
    r"may|maybe|perhaps|probably)\b|n't\b|\b(?:no|any) reason\b|'d (?!rather\b|better\b)"
)
"""With one of these before it, it did not happen, or has yet to."""
_SAID_FIRST = re.compile(
    r"(?i)(?:[\w']+[,:]? ){0,2}?(?:scratch|strike|forget|take|never ?mind|wait)\b[^,;:.?\u2014]*[,;:.\u2014] "
)
"""What is taken back first, whatever is asked then: "scratch that, why not both?"."""
_WORDS = re.compile(
    r"(?i)\b(?<!other )(?:words|phrases|keywords|verbs|expressions|cues)\b[^.?!,]{0,40}?(?:\bare\b|\blike\b|\bsuch as\b|:|\()(?=[^.?!]*,)"
    r"|^(?:\w+, ){2,}(?:and |or )?\w+[.!]*$"
)
"""Words that are named one after the other are not said."""
_REPORTED = re.compile(r"(?i), (?:says?|said|writes?|wrote|according to) [\w' -]{2,40}[.!]*$")
"""An order that somebody else gives: "run it twice, says the manual"."""
_ANOTHERS = re.compile(
    r"^(?!(?:I|[Ww]e|So|And|But|Or|Then|Who|What)\b)(?:The |My |Our |One |Some )?[A-Z]?[\w'-]+(?: \w+)? "
    r"(?:said|says|thinks|thought|suggested|suggests|insists|claims|wrote|writes|argued|argues)(?: that)? (?:I|we|you)\b"
)
"""What somebody else thinks should be done."""
_HEAD = r"(?:^|[,;:] |\b(?:and|then|let'?s) )"
_PROVES = re.compile(
    r"(?i)\bintegrat\w+ by parts\b|\bcomplete the square\b|\bby (?:induction|linearity|the triangle inequality)\b|"
    rf"{_HEAD}(?:divide|multiply|raise|square) (?:[\w']+ ){{0,3}}(?:by|sides)\b|"
    rf"{_HEAD}(?:add|subtract|combine|sum) (?:up )?(?:\w+ ){{0,2}}(?:equations|inequalities|identities|sides)"
    r"(?:[.!]*$|,| and\b| to (?:get|obtain)\b)|"
    rf"{_HEAD}(?:use|apply|invoke|recall|insert|plug in) (?:[\w'-]+ ){{0,4}}(?:inequality|inequalities|lemmas?|theorems?|"
    r"identity|identities|corollary|proposition|definitions?|hypothesis|assumptions?|bounds?|convexity|linearity|symmetry)\b|"
    rf"{_HEAD}take (?:the )?(?:limits?|logs?|logarithms?|expectations?|supremum|infimum|traces?|norms?)\b"
)
"""A step of a proof, which is made on paper."""
_FORMULA = re.compile(r"\$(?!\s)(?=[^$]*[A-Za-z])[^$]*[^\s$]\$(?!\d)")
_IN_THOUGHT = re.compile(
    r"(?i)(?:^|[,;:] |\b(?:and|then|to|let'?s|let me) )(?:add|bring|call|choose|cut|drop|draw|fix|group|label|list|mark|merge|"
    r"move|order|pick|put|remove|repeat|replace|run|send|set|split|start|stop|sum|swap|take|walk|write)\b"
)
"""With a formula that holds no figure, this is done to what a proof speaks of: "run the chain for $t$ steps"."""
_BY_MACHINE = r"`|\b(?:python|numpy|sympy|julia|numerically|code|cells?|scripts?|functions?|notebook|solver)\b"
_OFF_PAPER = re.compile(
    rf"(?i){_BY_MACHINE}|"
    rf"{_HEAD}(?!(?:add|collect|drop|estimate|expand|group|integrate|replace|simplify|split|sum|use|write)\b)(?:{_ACTS})\b"
)
"""With one of these a step that could stand in a proof is for a machine."""
_PAST = re.compile(
    r"(?i)^(?:I|we|he|she|they|somebody|someone) (?:asked|tried|ran|wrote|made|had|went|thought|used|told|said)\b"
)


def cues(paragraph: Paragraph, above: Paragraph | None = None) -> list[Cue]:
    """What a paragraph asks for or settles, sentence by sentence; something pasted is one cue, whatever it says.

    `above` is the paragraph before it: one that ends in "so I'm like" makes the first sentence somebody's speech, and
    one that calls itself a plan makes tasks of a list's items.
    """
    first = paragraph.sentences[0] if paragraph.sentences else None
    if first is None or paragraph.heading:
        return []
    if found := pasted(paragraph.text):
        line = paragraph.span.start + found.at
        return [Cue("traceback", Sentence(found.says, line), "a pasted error", _part(found.says, _STEP))]
    if command := shell(paragraph.text):
        return [Cue("shell", Sentence(command, paragraph.span.start), "a line for a terminal", command)]
    if trace(paragraph.text):
        return []
    if match := _ADDRESSED.match(paragraph.text):
        words = " ".join(paragraph.text[match.end() :].split()) or paragraph.text.strip()
        kind: Kind = "task" if match[1] == "do" else "question"
        return [Cue(kind, Sentence(words, paragraph.span.start), f"/{match[1]}", _part(words, _STEP))]
    speech = bool(above and _SPEECH.search(above.text))
    planned = bool(above and _ITEMS.match(paragraph.text) and _PLAN.search(above.text))
    held: list[Cue] = []
    for sentence, own in _unquoted(paragraph.sentences):
        if refrains(own):
            held = [each for each in held if each.kind != "task" or not says_to_run(each.sentence.text)]
        one = None if speech and sentence is first else _found(sentence, own)
        if one is None and to_run(own) and not (speech and sentence is first):
            one = Cue("task", sentence, "run a command", _part(sentence.text, _STEP))
        if one is None and planned and _STEP.match(own):
            one = Cue("task", sentence, "an item of a plan", _part(sentence.text, _STEP))
        if one is None and sentence.boxed:
            one = Cue("task", sentence, BOX, _part(sentence.text, _STEP))
        if one:
            held.append(one)
    return held


def cue(sentence: Sentence) -> Cue | None:
    """What a sentence is; None when there is nothing to act on.

    >>> cue(Sentence("I wonder whether the broadcast makes a temporary", 0)).kind
    'question'
    >>> cue(Sentence('she said "plot it" and left', 0)) is None
    True
    """
    return next((_found(one, own) for one, own in _unquoted((sentence,))), None)


def _unquoted(sentences: Sequence[Sentence]) -> Iterator[tuple[Sentence, str]]:
    """Each sentence without the words of others in it; a quotation that is open goes on into the next."""
    inside = False
    for sentence in sentences:
        text = sentence.text.replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"')
        parts = text.split('"')
        own = "\u2026".join(part for at, part in enumerate(parts) if (at % 2 == 1) == inside)
        inside = inside != (len(parts) % 2 == 0)
        own = ("\u2026" if not own else "") + _QUOTED.sub("\u2026", own).strip()
        yield sentence, re.sub(r"^[-*\u2022>\s]+(?=[^*])", "", own) if not own.startswith("**") else own


def several(words: str) -> list[str]:
    """The tasks of one sentence, where it sets out to name more than one; each can be done without the other.

    >>> several("let's plot the time against n, and also check whether the fit holds")
    ["let's plot the time against n", 'check whether the fit holds']
    >>> several("count the words and plot them")
    ['count the words and plot them']
    >>> several("Let's also plot the errors.")
    ["Let's also plot the errors"]
    """
    parts, begin = [], 0
    for joint in _apart().finditer(words):
        if _is_task(words[begin : joint.start()]):
            parts.append(words[begin : joint.start()])
            begin = joint.end()
    return [part.strip(" ,;.") for part in (*parts, words[begin:])]


def _is_task(words: str) -> bool:
    """Whether these words alone say what is to be done, and to what."""
    found = cue(Sentence(words, 0))
    return bool(found and found.kind == "task" and _DOES.search(words))


@cache
def _apart() -> re.Pattern[str]:
    joint = r"(?:and also|also|and on the side|plus|meanwhile|separately|in parallel)"
    return re.compile(
        rf"(?i)(?:[,;]? {joint},? (?:please )?|; (?:and |then )?)(?=(?:{_ACTS}) {_OBJECT}|{_FOR_ME})(?!\w+ (?:it|them|that|those)\b)"
    )


@cache
def _rules() -> list[tuple[Kind, str, re.Pattern[str]]]:
    """The table, made ready when the first paragraph is heard: that takes a twentieth of a second."""
    return [(kind, name, re.compile(words)) for kind, rules in _TABLE for name, words in rules]


def _found(sentence: Sentence, own: str) -> Cue | None:
    clauses, whole = _clauses(own), (own,)
    for kind, rule, pattern in _rules():
        for clause in clauses if kind in ("decision", "reversal") else whole:
            match = pattern.search(clause)
            if match is None or _refused(kind, clause) or _no_order(rule, clause) or _not_yet(rule, clause, match):
                continue
            return Cue(kind, sentence, rule, _part(sentence.text, pattern))
    return None


def _part(text: str, pattern: re.Pattern[str]) -> str:
    """A text of some 150 characters at most: from a little before what a pattern finds in it."""
    if len(text) <= _LONG:
        return text
    match = pattern.search(text)
    start = max(0, min(match.start() - 50, len(text) - _LONG)) if match else 0
    start = text.find(" ", start) + 1 if start else 0
    stop = start + _LONG if start + _LONG >= len(text) else text.rfind(" ", start, start + _LONG)
    return ("\u2026 " if start else "") + text[start:stop] + (" \u2026" if stop < len(text) else "")


def _clauses(own: str) -> list[str]:
    """A sentence, and what stands behind its turns: a reason given is meant even where the rest is supposed."""
    return [own, *re.split(r"\b(?:because|except|so)\b(?: yeah)? ", own)[1:]]


def _no_order(rule: str, own: str) -> bool:
    """Whether what has the form of an order is none: "revert to it?" is weighed, "divide by h" stands in a proof."""
    if rule in ("an order", "let me", LETS) and own.endswith("?" if rule == "an order" else ("?", ":")):
        return True
    if rule not in ("an order", "let's", "let me", LETS, "have to"):
        return False
    return bool(_PROVES.search(own) and not _OFF_PAPER.search(own)) or _is_of_a_proof(own)


def _is_of_a_proof(own: str) -> bool:
    """Whether it speaks of something that has a letter for a name, and of no figure and no code."""
    symbols = _FORMULA.search(own) and not re.search(rf"(?i)\d|{_BY_MACHINE}", own)
    return bool(symbols and _IN_THOUGHT.search(own))


def _not_yet(rule: str, own: str, match: re.Match[str]) -> bool:
    """Whether a mind is not changed in it: that is denied, or only may be so, as the words right before it say."""
    if rule not in _OF_A_MIND:
        return False
    return bool(_UNCHANGED.search(_JOINT.split(own[: match.start()])[-1]))


def _refused(kind: Kind, own: str) -> bool:
    """Whether it only looks like one: supposed, told of the past, or a question that wants no answer."""
    if kind == "question":
        return bool(_TAG.search(own) and not _ASKS.match(own)) or len(own.split()) < 2
    if kind == "wish":
        if re.search(r"(?i)\bneed\b", own) and _FORMULA.search(own):
            return True  # a condition
        return bool(re.search(r"(?i)\b(?:don't|didn't|never|wanted|if|when) (?:I|we)?\b", own[:40])) or own.endswith(
            "?"
        )
    if kind == "done":
        return bool(_SUPPOSED.search(own) or _IN_VAIN.search(own)) or own.endswith("?")
    if kind in ("decision", "reversal") and (_WORDS.search(own) or (own.endswith("?") and not _SAID_FIRST.match(own))):
        return True
    if _TOLD.search(own) or (kind != "reversal" and _PAST.search(own)):
        return True
    return bool(_SUPPOSED.search(own)) or (
        kind == "task" and bool(own.endswith("\u2026") or _REPORTED.search(own) or _ANOTHERS.match(own))
    )
