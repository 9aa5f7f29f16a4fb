// The page as a place to be: write or ask below any block, run, stop, the map beside, rewind and fork from any step.
// What is half written stands outside the blocks that are patched, and outlives a reload in this window.
"use strict";
(() => {
  const own = document.currentScript.dataset;  // what opens the watch is another when a watch begins anew
  const { page, thread, first } = own;
  const article = document.querySelector("article[data-keys]");
  if (!article) return;
  const make = (name, props = {}, ...inside) => {
    const node = Object.assign(document.createElement(name), props);
    node.append(...inside);
    return node;
  };

  // Prose as the watch drew it, as in the text; within a link it has none of its own, and no name that the text has.
  const prose = (drawn, words, within = "") => {
    if (drawn?.[words] === undefined) return [words];
    const template = make("template", { innerHTML: drawn[words] });
    template.content.querySelectorAll("[id]").forEach((node) => node.removeAttribute("id"));
    if (within === "a") template.content.querySelectorAll("a").forEach((node) => node.replaceWith(...node.childNodes));
    return [...template.content.childNodes];
  };

  // -- what is done: a word and what goes with it; the answer is words too ---------------------------------------

  const act = async (word, args = {}) => {
    if (document.body.classList.contains("live-away")) return { ok: false, say: "This entry is not in the journal here: nothing was done." };
    if (document.body.classList.contains("live-lost")) return { ok: false, say: "The watch does not answer." };
    try {
      const sent = { method: "POST", headers: { "X-Nozzle": own.deed, "Content-Type": "application/json" }, body: JSON.stringify({ word, page, ...args }) };
      const answer = await fetch("/_do", sent);
      return answer.headers.get("Content-Type") === "application/json" ? await answer.json() : { ok: false, say: (await answer.text()).trim() };
    } catch { return { ok: false, say: "The watch does not answer." }; }
  };

  const status = make("p", { className: "deed-say", role: "status" });
  let heard = 0;
  const say = (words) => {
    clearTimeout(heard);
    status.textContent = status.title = words;
    heard = setTimeout(() => { status.textContent = status.title = ""; }, 8000);
  };
  // What is asked for again while it is being done is done once: one presses twice when nothing seems to happen.
  const underWay = new Set();
  const doing = async (word, args) => {
    const name = JSON.stringify([word, args]);
    if (underWay.has(name)) return { ok: false };
    underWay.add(name);
    say("…");
    const done = await act(word, args);
    underWay.delete(name);
    say(done.say);
    return done;
  };

  // -- panels: one at a time; beside the text where there is room, a sheet from below where there is not ----------

  const panels = new Map();
  // A list that is drawn anew keeps the focus where it was: on the same words, else on the same place. A button of
  // something that is gone leaves it to the title, never to the button of something else.
  const redraw = (box, ...nodes) => {
    const all = () => [...box.querySelectorAll("a, button")];
    const whose = (one) => one.closest("[data-whose]")?.dataset.whose ?? "";
    const name = (one) => `${whose(one)} ${one.getAttribute("aria-label") ?? ""} ${one.textContent}`;
    const held = box.contains(document.activeElement) ? all().indexOf(document.activeElement) : -1;
    const [words, owned] = held < 0 ? ["", ""] : [name(all()[held]), whose(all()[held])];
    box.replaceChildren(...nodes);
    const instead = () => (owned ? box.closest(".deed-panel")?.querySelector("h2") : all()[Math.min(held, all().length - 1)]);
    if (held >= 0) (all().find((one) => name(one) === words) ?? instead())?.focus({ preventScroll: true });
  };
  const bar = make("div", { className: "deed-bar" });
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "What you can do here");

  // On a narrow window the foot line stands right above the sheet, however tall that is.
  const sheet = new ResizeObserver(() => {
    const shown = [...panels.values()].find(({ box }) => !box.hidden);
    if (shown) document.body.style.setProperty("--sheet", `${shown.box.offsetHeight}px`);
  });

  // Where the keyboard was before a panel was opened: closing it goes back there.
  let came = null;
  const open = (name, focus = true) => {
    if (focus && !document.activeElement.closest(".deed-panel")) came = document.activeElement;
    for (const [one, { box, button }] of panels) {
      const shown = one === name && box.hidden;
      box.hidden = !shown;
      button.setAttribute("aria-expanded", String(shown));
      if (shown) button.scrollIntoView({ block: "nearest", inline: "nearest" });
      if (shown) { if (focus) box.querySelector("h2").focus(); panels.get(one).show(focus); sessionStorage.setItem("deed-open", one); }
    }
    if ([...panels.values()].every(({ box }) => box.hidden)) sessionStorage.removeItem("deed-open");
    document.body.classList.toggle("deed-beside", [...panels.values()].some(({ box }) => !box.hidden));
    here.hidden = near.hidden = true;  // the blocks have moved
  };

  const shut = () => {
    const shown = [...panels].find(([, { box }]) => !box.hidden);
    if (!shown) return false;
    open(shown[0], false);
    const back = came?.isConnected && came !== document.body ? came : shown[1].button;
    if (back.parentNode === article) back.tabIndex = -1;
    back.focus({ preventScroll: true });
    return true;
  };

  const panel = (name, title, key, show, ...inside) => {
    const close = make("button", { className: "deed-close", type: "button", textContent: "Close", onclick: shut });
    const box = make("section", { className: "deed-panel", id: `deed-${name}`, hidden: true }, make("header", {}, make("h2", { textContent: title, tabIndex: -1 }), close), ...inside);
    box.setAttribute("aria-label", title);
    const button = make("button", { type: "button", textContent: title, title: `${title} (${key})`, onclick: () => open(name) });
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", box.id);
    button.setAttribute("aria-keyshortcuts", key);
    panels.set(name, { box, button, show, key });
    sheet.observe(box);
    bar.append(button);
    return box;
  };

  // -- places: paragraphs and cells have names that stay when lines move ------------------------------------------

  const places = () => [...article.querySelectorAll("a.chain[id]")].map((anchor) => {
    let block = anchor;
    while (block.parentNode !== article) block = block.parentNode;
    const shown = block === anchor ? anchor.nextElementSibling : block;
    return { name: anchor.id, block: shown ?? anchor, words: (shown?.innerText ?? "").trim().replace(/\s+/g, " ").slice(0, 46) };
  });

  // -- write: a paragraph, a cell, a question, a task --------------------------------------------------------------

  const KINDS = [["prose", "Paragraph"], ["cell", "Python cell"], ["ask", "Question"], ["do", "Task"]];
  const shortly = (what, below, text = "") => doing("write", { what, below, text });
  const last = JSON.parse(sessionStorage.getItem(`deed-write ${page}`) ?? "{}");
  const draft = make("textarea", { id: "deed-text", rows: 6, placeholder: "Think aloud…", value: last.text ?? "" });
  const kind = make("select", { id: "deed-kind" }, ...KINDS.map(([value, textContent]) => make("option", { value, textContent })));
  const where = make("select", { id: "deed-where" });
  const send = make("button", { type: "button", className: "deed-main", textContent: "Write" });
  const label = (words, control) => make("label", {}, make("span", { textContent: words }), control);

  // The place of what is half written: it follows its block when the words of that change, since the block stands
  // between the same others; where it cannot be told any more it is said to be gone, and stays what is asked for.
  let known = last.known ?? [];
  const followed = (name, now) => {
    const at = known.indexOf(name);
    if (!name || at < 0 || now.includes(name)) return name;
    let from = at, to = at;
    while (from >= 0 && !now.includes(known[from])) from--;
    while (to < known.length && !now.includes(known[to])) to++;
    const start = from < 0 ? 0 : now.indexOf(known[from]) + 1, stop = to < known.length ? now.indexOf(known[to]) : now.length;
    return stop - start === to - from - 1 ? now[start + at - from - 1] : name;
  };
  const refill = (name = where.value) => {
    const all = places(), now = all.map((place) => place.name), found = followed(name, now);
    const gone = found && !now.includes(found) && draft.value.trim(), chosen = gone || now.includes(found) ? found : "";
    if (!gone) known = now;
    const rows = [["", "At the end"], ...all.map((place) => [place.name, `Below: ${place.words}`]), ...(gone ? [[chosen, "Its place is gone: choose another"]] : [])];
    where.replaceChildren(...rows.map(([value, textContent]) => make("option", { value, textContent })));
    where.value = chosen;
    keep();
  };
  // What is to be written, and below what; empty words leave it as it is.
  const aim = (what, name) => {
    if (panels.get("write").box.hidden) open("write");
    refill(name || undefined);
    if (what) kind.value = what;
    shape();
    draft.focus();
  };
  const write = async () => {
    if (send.disabled) return;
    if (!draft.value.trim()) return draft.focus();
    const sent = draft.value;
    send.disabled = true;
    const done = await doing("write", { what: kind.value, text: sent, below: where.value });
    send.disabled = false;
    if (done.ok && draft.value === sent) { draft.value = ""; keep(); }
    draft.focus();
  };
  const keep = () => sessionStorage.setItem(`deed-write ${page}`, JSON.stringify({ text: draft.value, what: kind.value, below: where.value, known }));
  // Where the entry was renamed, what is half written goes along, unless something is half written there.
  document.addEventListener("click", (event) => {
    const to = event.target.closest?.("a.live-moved")?.dataset.to;
    const there = to && JSON.parse(sessionStorage.getItem(`deed-write ${to}`) ?? "{}");
    if (!to || !draft.value.trim() || there.text?.trim()) return;
    sessionStorage.setItem(`deed-write ${to}`, sessionStorage.getItem(`deed-write ${page}`));
    draft.value = "";
    keep();
  });
  const shape = () => { draft.classList.toggle("deed-code", kind.value === "cell"); keep(); };
  kind.value = last.what ?? "prose";
  draft.addEventListener("input", keep);
  where.addEventListener("change", keep);
  draft.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) write(); });
  kind.addEventListener("change", shape);
  refill(last.below ?? "");
  shape();
  send.addEventListener("click", write);

  // -- the map: what is open, decided, taken back, done, next; each leads to the line that says so ----------------

  const map = make("div", { className: "deed-map" });
  const TITLES = [
    ["Open questions", (p) => p.kind === "question" && (p.state === "open" || p.state === "replied")],
    ["What is wanted", (p) => p.kind === "wish"],
    ["To do", (p) => (p.kind === "task" || p.kind === "shell") && p.state === "open"],
    ["Decisions", (p) => p.kind === "decision" && p.state === "stands"],
    ["Taken back", (p) => p.kind === "reversal"],
    ["Errors", (p) => p.kind === "traceback"],
    ["Done", (p) => (p.kind === "cell" && p.state === "ok") || p.kind === "done"],
    ["Failed", (p) => p.kind === "cell" && p.state === "failed"],
    ["Not run, or not as it stands", (p) => p.kind === "cell" && p.state === "waiting"],
    ["Closed", (p) => ["question", "task", "shell"].includes(p.kind) && p.state === "closed"],
  ];
  let drawn = {};
  const lead = (link, words) => make("a", { href: `#${link.by === "cell" ? "cell" : "said"}-${link.digest}` }, ...prose(drawn, words, "a"));
  const note = (words, className = "deed-note") => make("span", { className }, " ", ...prose(drawn, words));
  // How much of the window's height shows the text: what lies over its foot is the bar, and a sheet over that.
  const seen = () => {
    const sheets = [bar, ...[...panels.values()].map(({ box }) => box)].map((one) => one.getBoundingClientRect());
    return Math.min(...sheets.filter(({ width, height }) => height && width >= innerWidth / 2).map(({ top }) => top));
  };
  // A cell's name on the page is its whole chain; a link knows the beginning of it.
  const goTo = (event) => {
    const name = event.target.closest?.("a[href^='#']")?.getAttribute("href").slice(1);
    const found = name && document.querySelector(`[id^="${CSS.escape(name)}"]`);
    if (!found) return;
    event.preventDefault();
    const block = places().find((place) => place.name === found.id)?.block ?? found;
    const box = block.getBoundingClientRect(), free = seen();
    scrollBy({ top: box.top + Math.min(box.height, free - 32) / 2 - free / 2 });
    // The place is the reader's from now on: what is written next is written here, and the keyboard goes on from here.
    if (block.parentNode === article) came = block;
    if (block.parentNode === article && !event.detail) { block.tabIndex = -1; block.focus({ preventScroll: true }); }
    block.classList.add("deed-here");
    setTimeout(() => block.classList.remove("deed-here"), 1600);
  };
  map.addEventListener("click", goTo);
  const item = (point) => {
    const row = make("li", { className: `deed-${point.state}` });
    const before = point.kind === "reversal" && point.links[1];
    if (before) row.append(make("s", {}, lead(before, before.words.slice(0, 120))), " ");
    row.append(lead(point.links[0], point.words));
    if (point.note && !["closed", "replied"].includes(point.state)) row.append(note(point.note));
    if (point.doubt) row.append(make("span", { className: "deed-note deed-doubt" }, " refused by the judge: ", ...prose(drawn, point.doubt)));
    if (point.state === "replied") row.append(note("a machine replied"));
    if (point.state === "closed" && point.links[1]) row.append(" ", lead(point.links[1], "closed here"));
    return row;
  };
  // One at a time, and one more for all that changed meanwhile.
  let charting = null, charts = false;
  const chart = () => {
    if (charting) { charts = true; return; }
    charting = draw().finally(() => { charting = null; if (charts) { charts = false; chart(); } });
  };
  const draw = async (judging = false) => {
    if (judging) say("the model looks at each point…");
    if (!map.firstChild) map.append(make("p", { className: "deed-note", textContent: "Drawing the map…" }));
    const found = await act("map", judging ? { judge: "yes" } : {});
    if (judging) say(found.say || "judged");
    if (judging && found.ok === false) return;
    if (found.ok === false) return map.replaceChildren(make("p", { textContent: found.say }));
    drawn = found.drawn;
    const parts = TITLES.flatMap(([title, belongs]) => {
      const points = found.points.filter(belongs);
      if (!points.length && title !== "Open questions") return [];
      return [make("h3", { textContent: title }), make("ul", {}, ...(points.length ? points.map(item) : [make("li", { textContent: "none" })]))];
    });
    const next = found.next ? [make("h3", { textContent: "Next" }), make("p", {}, lead(found.next.links[0], found.next.words))] : [];
    const judge = !(found.asks && found.points.length) ? [] : [make("p", {}, Object.assign(button("Judge", () => draw(true)), { title: "Ask the model of each point whether its lines bear it out" }))];
    redraw(map, ...parts, ...next, make("p", { className: "deed-note", textContent: found.label }), ...judge);
  };

  // -- steps: rewind, or fork a thread ----------------------------------------------------------------------------

  const list = make("ol", { className: "deed-steps" });
  const back = (thread, then) => make("button", { type: "button", textContent: `Back to ${thread}`, onclick: async () => { await doing("back", { thread }); then(); } });
  const where_at = make("p", { className: "deed-note" });
  const past = async () => {
    const found = await act("steps");
    if (found.ok === false) return where_at.replaceChildren(found.say);
    where_at.textContent = `You are at ${found.at}${found.thread ? ` on ${found.thread}` : ", on no thread"}. Going back loses nothing.`;
    redraw(list, ...(found.left ? [make("li", {}, make("span", { className: "deed-title", textContent: `You were on ${found.left.thread}: ${found.left.title}` }), make("span", { className: "deed-row" }, make("code", { textContent: found.left.sha.slice(0, 8) }), back(found.left.thread, past)))] : []), ...found.steps.map((step) => {
      const go = make("button", { type: "button", textContent: "Rewind", onclick: async () => { await doing("rewind", { step: step.sha }); past(); } });
      const branch = make("button", { type: "button", textContent: "Fork", onclick: async () => { await doing("fork", { step: step.sha }); past(); } });
      const name = step.what ? `${step.title}: ${step.what}` : step.title;
      go.setAttribute("aria-label", `Rewind to ${name}`);
      branch.setAttribute("aria-label", `Fork from ${name}`);
      const time = make("time", { dateTime: step.when, textContent: new Date(step.when).toLocaleString([], { dateStyle: "short", timeStyle: "short" }) });
      return make("li", {}, make("span", { className: "deed-title", textContent: step.title }), ...(step.what ? [make("span", { className: "deed-title deed-note", textContent: step.what })] : []), make("span", { className: "deed-row" }, time, make("code", { textContent: step.sha.slice(0, 8) }), make("span", { className: "deed-pair" }, go, branch)));
    }));
  };

  // -- threads: what each is doing, its last step and news; a new one from here -----------------------------------

  const lines = make("ul", { className: "deed-steps" });
  const forked = make("button", { type: "button", textContent: "Fork here", onclick: async () => { const { at } = await act("steps"); await doing("fork", { step: at }); live(); } });
  const strand = (one) => make("li", {},
    make("span", { className: "deed-title" }, one.here ? "\u25cf " : "", one.page && !one.here ? make("a", { href: one.page, textContent: one.thread || "on no thread" }) : one.thread || "on no thread"),
    ...(one.doing.length ? one.doing : [one.watched ? "at rest" : "no watch runs there"]).map((textContent) => make("div", { textContent })),
    make("div", { className: "deed-note", textContent: `${one.sha.slice(0, 8)} ${one.title}` }),
    ...(one.left ? [make("div", { className: "deed-row" }, `You were on ${one.left}.`, back(one.left, live))] : []),
    ...(one.news ? [make("div", { className: "deed-note", textContent: one.news })] : []));
  const live = async () => {
    const found = await act("threads");
    redraw(lines, ...(found.ok === false ? [make("li", { textContent: found.say })] : found.threads.map(strand)));
  };
  setInterval(() => { if (!document.hidden && !panels.get("threads").box.hidden) live(); }, 2000);

  // -- proposals: run, change and run, deny, copy; those that would run by themselves say when ---------------------

  const offers = make("div", { className: "deed-offers" });
  offers.addEventListener("click", goTo);
  const copied = async (words) => { try { await navigator.clipboard.writeText(words); say("copied"); } catch { say("the browser does not let this page copy; select it"); } };
  // What was changed in a box: proposal -> its source then, and what stands in the box; kept until it is answered.
  const edits = JSON.parse(sessionStorage.getItem(`deed-edits ${page}`) ?? "{}");
  const edited = (id, ...pair) => {
    if (pair.length && pair[0] !== pair[1]) edits[id] = pair; else delete edits[id];
    sessionStorage.setItem(`deed-edits ${page}`, JSON.stringify(edits));
  };
  const answer = async (id, box, source = "", choice = "") => { const { ok } = await doing("tick", { id, box, source, choice }); if (ok) edited(id); ask(); return ok; };
  const further = (task) => (task ? [button("Sure, all", () => shortly("sure", task, "all")), button("Stop", () => shortly("stop", task))] : []);
  const button = (textContent, onclick, className = "") => make("button", { type: "button", textContent, className, onclick });
  const owned = (id, ...inside) => { const row = make("li", {}, ...inside); row.dataset.whose = id; return row; };
  // Seconds until something runs by itself; they go down while they are looked at.
  const counting = (left) => { const shown = make("span", { className: "deed-count-down" }); shown.dataset.until = Date.now() + left * 1000; countDown(shown); return shown; };
  const countDown = (shown) => {
    if (changing(shown.closest("li"))) { shown.textContent = WAITING; return; }
    if (document.body.classList.contains("live-lost")) { shown.textContent = "the watch does not answer: nothing runs now"; return; }
    const left = Math.ceil((shown.dataset.until - Date.now()) / 1000); shown.textContent = left > 0 ? `runs by itself in ${left} s unless you object` : "runs by itself now";
  };
  // While a proposal is changed in its box it does not run by itself; who goes away is waited for no longer.
  const WAITING = "it waits while it is changed";
  const PARKED = "a box was ticked when nobody looked on, which counts for nothing: answer it here";
  const changing = (row) => { const box = row?.querySelector("textarea"); return Boolean(box) && (box.value !== box.dataset.source || (box === document.activeElement && !document.hidden)); };
  const hold = async (row) => {
    const held = changing(row);
    if (!held && !row.dataset.held) return;
    row.dataset.held = held ? "yes" : "";
    row.querySelectorAll(".deed-count-down").forEach(countDown);
    await act("editing", { id: row.dataset.whose, thread: row.dataset.thread, over: held ? "" : "yes" });
    if (!held) ask();
  };
  setInterval(() => {
    offers.querySelectorAll("li[data-runs]").forEach(hold);
    const over = [...offers.querySelectorAll(".deed-count-down")].some((shown) => shown.dataset.until < Date.now() && !changing(shown.closest("li")));
    if (!document.hidden && (over || offers.querySelector("li[data-elsewhere]:not([data-held=yes])"))) ask();  // who changed it may have gone
  }, 5000);
  setInterval(() => { if (!document.hidden && !panels.get("offers").box.hidden) offers.querySelectorAll(".deed-count-down").forEach(countDown); }, 1000);
  // Tasks that are offered together: each has its own button, and the others wait.
  const several = ({ id, why, choices, thread }) => owned(id, make("p", {}, ...prose(offered, why)),
    ...choices.map((words) => make("p", { className: "deed-row deed-choice" }, make("span", {}, ...prose(offered, words)), button("Run", () => answer(id, "run", "", words), "deed-main"))),
    make("p", { className: "deed-row" }, button("Run all", () => answer(id, "run")), button("Deny", () => answer(id, "deny")), make("span", { className: "deed-note", textContent: `${thread ? `on ${thread}: ` : ""}it waits for you` })));
  // To run it, something above would reach outside again: it can be run in the kernel as it is, or without that.
  const otherwise = (id) => REPLAYS.slice(1).map(([words, word, title]) => Object.assign(button(words, () => answer(id, word)), { title }));
  // A command that is wrapped is seen whole, as far as that is a matter of a few lines.
  const fit = (box) => { while (box.clientHeight && box.scrollHeight > box.clientHeight + 2 && box.rows < 12) box.rows++; };
  const offer = (held) => {
    if (held.choices.length) return several(held);
    const { id, source, language, why, risk, reach, left, edited: elsewhere, thread, task, again, parked } = held;
    const code = make("textarea", { className: "deed-code", rows: Math.min(8, source.split("\n").length + 1), value: edits[id]?.[0] === source ? edits[id][1] : source, hidden: !source });
    code.dataset.source = source;
    code.addEventListener("input", () => { edited(id, source, code.value); fit(code); });
    code.setAttribute("aria-label", `The ${language} it proposes`);
    const buttons = [button("Run", () => answer(id, "run", code.value !== source ? code.value : ""), "deed-main"), ...(again ? otherwise(id) : []), button("Deny", () => answer(id, "deny")), ...further(task), ...(source ? [button("Copy", () => copied(code.value))] : [])];
    const itself = thread ? risk !== "ask" : elsewhere || (left !== null && left !== undefined);
    const when = parked ? PARKED : elsewhere ? WAITING : !itself ? "it waits for you" : thread ? "runs by itself soon" : counting(left);
    const row = owned(id, make("p", {}, ...prose(offered, why)), code, make("p", { className: "deed-row" }, ...buttons, make("span", { className: "deed-note", textContent: `${thread ? `on ${thread}: ` : ""}${risk === "ask" ? "asks first" : risk}; ${reach ? `reach: ${reach}; ` : ""}` }, when)));
    if (elsewhere) row.dataset.elsewhere = "yes";
    if (itself) { row.dataset.runs = "yes"; row.dataset.thread = thread; for (const name of ["focus", "input", "blur"]) code.addEventListener(name, () => hold(row)); }
    return row;
  };
  // A cell waits because one above it reached outside: it is asked once, and nothing runs again unasked.
  const REPLAYS = [["Run again", "again", "What reached outside runs once more"], ["Go on as it is", "keep", "In the kernel as it is, though it has seen other cells since"], ["Skip", "skip", "As if what reached outside stood not there"]];
  const replay = ({ cell, name, why }) => make("li", { className: "deed-replay" }, make("p", { textContent: `${name} waits: ${why}` }), make("p", { className: "deed-row" },
    ...REPLAYS.map(([words, word, title]) => { const one = button(words, async () => { await doing("replay", { cell, answer: word }); ask(); }); one.title = title; return one; })));
  let standing = [], offered = {};
  // The boxes that the text shows for the author to tick are ticked here too: those of nozzle's own list, not what
  // somebody put into his words; and what is ticked is not taken back.
  const BOXES = ["run", "deny", "keep", "skip"];
  const tickable = () => [...article.querySelectorAll("section.nozzle-proposal")].forEach((block, at) => {
    const held = standing[at];
    for (const box of held ? block.querySelectorAll(":scope > ul > li > input[type=checkbox]:disabled:not(:checked)") : []) {
      const [word, task = ""] = box.ariaLabel.split(/: (.*)/s);
      if (!BOXES.includes(word) || (task && !held.choices.includes(task))) continue;
      box.disabled = false;
      box.onchange = async () => { box.disabled = true; box.checked = await answer(held.id, word, "", task); };
    }
  });
  const ask = async () => {
    const found = await act("waiting");
    if (found.ok === false) return offers.querySelectorAll(".deed-count-down").forEach(countDown);  // what was seen last stays
    const held = found.proposals ?? [];
    offered = found.drawn ?? {};
    standing = held.filter(({ thread }) => !thread);
    const rows = [...(found.replay?.cell ? [replay(found.replay)] : []), ...held.map(offer)];
    panels.get("offers").button.replaceChildren("Proposals", make("span", { className: "deed-count", textContent: rows.length ? ` ${rows.length}` : "" }));
    tickable();
    // A box that is typed in is not drawn anew; one that is only looked at goes with what it was about.
    const typed = offers.contains(document.activeElement) && document.activeElement.matches("textarea") ? document.activeElement : null;
    const gone = typed && typed.value === typed.dataset.source && !held.some(({ id }) => id === typed.closest("li").dataset.whose);
    if (!typed || gone) redraw(offers, rows.length ? make("ul", {}, ...rows) : make("p", { className: "deed-note", textContent: "Nothing is proposed." }));
    offers.querySelectorAll("li[data-runs]").forEach(hold);
    offers.querySelectorAll("textarea").forEach(fit);
  };

  // -- calls of models: what was sent, what of it the provider had cached, what it cost ----------------------------

  const spent = make("table", {}), sum = make("p", { className: "deed-note" });
  const costs = async () => {
    const found = await act("calls");
    if (found.ok === false) return sum.replaceChildren(found.say);
    const money = (dollars) => (dollars ? `$${dollars.toFixed(4)}` : "");
    const row = (name, ...cells) => make("tr", {}, ...cells.map((textContent) => make(name, { textContent })));
    sum.textContent = found.calls.length ? `Newest first. All calls of this journal: ${money(found.dollars) || "no price is known"}. A ! marks one that should have been cached and was not.` : "No model was asked here.";
    spent.hidden = !found.calls.length;
    spent.replaceChildren(row("th", "for", "cached", "uncached", "back", "cost"), ...found.calls.map((call) => {
      const line = call.failed ? row("td", call.what, call.failed, "", "", "") : row("td", call.what + (call.missed ? " !" : ""), call.cached, call.sent - call.cached, call.back, money(call.dollars));
      line.title = `${call.when} ${call.model}, ${call.seconds.toFixed(1)} s`;
      return line;
    }));
  };

  // -- the bar, the keys, the button at a block --------------------------------------------------------------------

  const HELP = [
    ["j k", "to the next block, and back"], ["Enter", "what can be said to that block: ask about it, answer a proposal"],
    ["w", "write below it"], ["a", "ask about it"], ["r", "run what is due"], ["x", "stop what runs"],
    ["m", "the map"], ["p", "what is proposed"], ["s", "steps: rewind, fork"], ["t", "threads"], ["c", "calls of models"],
    ["Esc", "close, and back to where you were"], ["Ctrl Enter", "send what you wrote"],
  ];
  const boxes = [
    panel("write", "Write", "w", (focus) => { refill(); if (focus) draft.focus(); }, label("What", kind), label("Where", where), label("Text", draft), make("p", { className: "deed-row" }, send, Object.assign(button("Copy", () => copied(draft.value), "deed-copy"), { title: "Take what you wrote with you: it cannot be written here now" }), make("kbd", { textContent: "Ctrl Enter" }))),
    panel("map", "Map", "m", () => chart(), map),
    panel("offers", "Proposals", "p", ask, offers),
    panel("steps", "Steps", "s", past, where_at, list),
    panel("threads", "Threads", "t", live, make("p", { className: "deed-row" }, forked), lines),
    panel("calls", "Calls", "c", costs, sum, spent),
    panel("keys", "Keys", "?", () => {}, make("dl", { className: "deed-keys" }, ...HELP.flatMap(([key, words]) => [make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: words })]))),
  ];
  const run = make("button", { type: "button", textContent: "Run", title: "Run what is due (r)", onclick: () => doing("run") });
  const stop = make("button", { type: "button", textContent: "Stop", title: "Stop what runs (x)", onclick: () => doing("stop") });
  if (thread) bar.append(make("a", { className: "deed-thread", href: encodeURI(first), textContent: `on ${thread}`, title: "The same entry on the first thread" }));
  panels.get("offers").button.after(run, stop);
  bar.append(status);
  document.body.append(bar, ...boxes);
  document.body.classList.add("deed");

  // -- from block to block with the keyboard: the focus itself moves, so that a screen reader reads what it is on ----

  const held = () => {
    const at = document.activeElement.closest(".deed-panel, .deed-bar") ? came : document.activeElement;
    return at && [...article.children].find((block) => block === at || block.contains(at));
  };
  const walk = (by) => {
    const all = [...article.children].filter((block) => block.matches(":not(header, .toc, a.chain, .deed-skip)") && block.offsetHeight);
    const at = all.indexOf(held());
    const top = all.findIndex((block) => block.getBoundingClientRect().bottom > 0);
    const next = all[at < 0 ? Math.max(0, top) : Math.min(all.length - 1, Math.max(0, at + by))];
    if (!next) return;
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };
  const named = () => {
    const block = held(), all = places();
    const at = all.findIndex((place) => place.block === block || place.block.contains(block));
    if (at >= 0 || !block) return all[at]?.name ?? "";
    // Below what nozzle wrote is below the paragraph or cell that it was written for.
    return all.findLast((place) => place.block.compareDocumentPosition(block) & Node.DOCUMENT_POSITION_FOLLOWING)?.name ?? "";
  };
  const below = (what) => {
    aim(what || (kind.value === "ask" ? "prose" : ""), named());
  };

  const KEYS = { w: () => below(""), a: () => below("ask"), m: () => open("map"), s: () => open("steps"), p: () => open("offers"), c: () => open("calls"), t: () => open("threads"), r: () => doing("run"), x: () => doing("stop"), "?": () => open("keys"), j: () => walk(1), k: () => walk(-1) };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !near.hidden && near.contains(document.activeElement)) return near.from?.focus({ preventScroll: true });
    if (event.key === "Escape" && shut()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (event.key === "Enter" && event.target.parentNode === article && !near.hidden) { event.preventDefault(); near.from = event.target; near.firstElementChild.focus({ preventScroll: true }); }
    if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](); }
  });

  const here = make("button", { type: "button", className: "deed-at", textContent: "+", title: "Write or ask below this", hidden: true, tabIndex: -1 });
  here.setAttribute("aria-label", "Write or ask below this block");
  document.body.append(here);
  let at = "";

  // What can be said to a block: a question about it, what went wrong in a cell, an answer to what is proposed.
  const near = make("div", { className: "deed-near", hidden: true });
  near.setAttribute("role", "toolbar");
  near.setAttribute("aria-label", "What you can say to this block");
  document.body.append(near);
  const about = (block) => {
    const proposals = [...article.querySelectorAll("section.nozzle-proposal")];
    const held = standing[proposals.indexOf(block)];
    if (held) return [button(held.choices.length ? "Sure, all" : "Sure", () => answer(held.id, "run")), button("Nope", () => answer(held.id, "deny")), ...further(held.task)];
    const place = block.querySelector?.("a.chain[id^='cell-']")?.id ?? (block.id?.startsWith?.("cell-") ? block.id : "");
    if (!place) return [];
    let failed = false;
    for (let next = block.nextElementSibling; next?.matches("section.nozzle, details.folded"); next = next.nextElementSibling) failed ||= next.matches(".failed");
    return [button("Ask about this", () => asking(place)), ...(failed ? [button("wtf?", () => shortly("wtf", place))] : [])];
  };
  const asking = (place) => aim("ask", place);
  const beside = (event) => {
    const block = event.target.closest?.("section.nozzle-proposal") ?? [...article.children].find((one) => one.contains(event.target) && one.matches(".cell, .folded"));
    const buttons = block ? about(block) : [];
    if (!buttons.length) { near.hidden = event.type === "focusin" || near.hidden; return; }
    near.replaceChildren(...buttons);
    near.hidden = false;
    const box = block.getBoundingClientRect();
    near.style.top = `${scrollY + box.bottom - 12}px`;
    near.style.left = `${Math.max(8, scrollX + box.right - near.offsetWidth - 8)}px`;
  };
  article.addEventListener("pointerover", beside);
  article.addEventListener("focusin", beside);
  article.addEventListener("click", beside);
  const point = (event) => {
    const found = places().find(({ block }) => block.contains(event.target));
    if (!found || event.target.closest("a, button, summary, input")) return;
    at = found.name;
    const box = found.block.getBoundingClientRect();
    here.hidden = false;
    here.style.top = `${scrollY + box.bottom - 14}px`;
    here.style.left = `${Math.max(2, scrollX + box.left - 34)}px`;
  };
  article.addEventListener("pointerover", point);
  article.addEventListener("click", point);
  here.addEventListener("click", () => aim("", at));

  // What waits may change when no word of the text does: a save is seen before the watch has found what stands against it.
  let soon = 0;
  article.addEventListener("nozzle-waits", () => { clearTimeout(soon); soon = setTimeout(ask, 100); });

  // The text changed: the map and the places follow; what is being typed does not move.
  let waiting = 0;
  new MutationObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      here.hidden = near.hidden = true;
      if (!panels.get("map").box.hidden) chart();
      ask();
      refill();
      if (!panels.get("steps").box.hidden) past();
      if (!panels.get("calls").box.hidden) costs();
    }, 300);
  }).observe(article, { childList: true, subtree: true, characterData: true });

  ask();
  const kept = sessionStorage.getItem("deed-open");
  if (panels.has(kept)) open(kept, false);
  else if (kept === null && matchMedia("(min-width: 80rem)").matches) open("map", false);
})();
