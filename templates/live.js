// A page that follows the journal: changed blocks are patched in place, a running cell shows what it prints.
"use strict";
(() => {
  const { page, stamp, key = "" } = document.currentScript.dataset;
  delete document.currentScript.dataset.key;  // who gets into the page later does not find it there
  const article = document.querySelector("article[data-keys]");
  const element = (name, className, words = "") => Object.assign(document.createElement(name), { className, textContent: words });

  // -- blocks: each is the nodes between two comments; an element is put around none of them --------------------

  let end = null;
  let blocks = [];

  const found = () => {
    const list = [];
    for (const node of article.childNodes) {
      if (node.nodeType === Node.COMMENT_NODE && node.data === "block") list.push([]);
      else if (node.nodeType === Node.COMMENT_NODE && node.data === "end") { end = node; break; }
      else if (list.length) list.at(-1).push(node);
    }
    return list;
  };

  // False when the browser understood the page otherwise than it was meant: then all of it is asked for.
  const adopt = () => {
    const keys = article.dataset.keys.split(" ").filter(Boolean);
    const list = found();
    blocks = list.map((nodes, at) => ({ key: keys[at], nodes }));
    return end !== null && list.length === keys.length && list.every((nodes) => nodes.length);
  };

  const clear = () => {
    const head = article.querySelector(":scope > details.toc") || article.querySelector(":scope > header.entry");
    while (head.nextSibling) head.nextSibling.remove();
    end = document.createComment("end");
    article.append("\n", end);
    blocks = [];
    sound = true;
  };

  const made = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return [...template.content.childNodes];
  };

  // The longest run of numbers that rise: blocks that can stay where they are.
  const rising = (numbers) => {
    const tails = [], before = [];
    numbers.forEach((number, at) => {
      let low = 0, high = tails.length;
      while (low < high) { const mid = (low + high) >> 1; if (numbers[tails[mid]] < number) low = mid + 1; else high = mid; }
      before[at] = low ? tails[low - 1] : -1;
      tails[low] = at;
    });
    const staying = new Set();
    for (let at = tails.length ? tails.at(-1) : -1; at >= 0; at = before[at]) staying.add(numbers[at]);
    return staying;
  };

  const splice = ({ at, gone, keys, html }) => {
    if (!sound) clear();
    const old = blocks.slice(at, at + (gone ?? blocks.length));
    const wanted = new Set(keys);
    const place = new Map(old.map((block, index) => [block.key, index]));
    const staying = rising(keys.filter((key) => place.has(key)).map((key) => place.get(key)));
    const next = blocks[at + old.length];
    const last = next ? next.nodes[0] : end;
    let from = 0;
    const fresh = [];
    let waiting = [];
    // Between two blocks that stay, old blocks become new ones in their order, as far as they are alike.
    const fill = (to, mark) => {
      const left = old.slice(from, to).filter((block) => !wanted.has(block.key));
      for (const block of waiting) {
        const nodes = block.nodes ?? made(html[block.key]);
        const like = block.nodes ? -1 : left.findIndex((one) => alike(one.nodes, nodes));
        block.nodes = like < 0 ? nodes : morphed(left[like].nodes, nodes);
        if (like >= 0) left.splice(0, like + 1).slice(0, like).forEach(drop);
        else put(nodes, left.length ? left[0].nodes[0] : mark);
      }
      left.forEach(drop);
      waiting = [];
    };
    for (const key of keys) {
      const index = place.get(key);
      const block = index === undefined ? { key, nodes: null } : old[index];
      fresh.push(block);
      if (!staying.has(index)) { waiting.push(block); continue; }
      fill(index, block.nodes[0]);
      from = index + 1;
    }
    fill(old.length, last);
    blocks.splice(at, old.length, ...fresh);
  };

  const drop = (block) => block.nodes.forEach((node) => node.remove());

  const put = (nodes, mark) => nodes.forEach((node) => article.insertBefore(node, mark));

  // -- an old block becomes a new one: what is the same is not touched, so focus, selection and frames stay ------

  const alike = (old, fresh) => only(old) && only(fresh) && kin(only(old), only(fresh)) && !name(old) === !name(fresh);
  // The name that links lead to stands before its block, and shows nothing.
  const name = (nodes) => nodes.find((node) => node.matches?.("a.chain"));
  const only = (nodes) => {
    const found = nodes.filter((node) => (node.nodeType !== Node.TEXT_NODE || node.data.trim()) && node !== name(nodes));
    return found.length === 1 && found[0].nodeType === Node.ELEMENT_NODE ? found[0] : null;
  };
  const kin = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName
    && (one.nodeType !== Node.ELEMENT_NODE || (one.classList[0] === other.classList[0] && (one.nodeName !== "IFRAME" || one.getAttribute("src") === other.getAttribute("src"))));

  const morphed = (old, fresh) => {
    morph(only(old), only(fresh));
    if (name(old)) name(old).id = name(fresh).id;
    return old;
  };

  // What the reader did stays: an opened fold, a frame that said how high it is.
  const readers = (node, name) => (node.nodeName === "DETAILS" && name === "open") || (node.nodeName === "IFRAME" && name === "height")
    || (name === "tabindex" && node === document.activeElement);

  const morph = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) { if (old.data !== fresh.data) old.data = fresh.data; return; }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !readers(old, name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !readers(old, name)) old.setAttribute(name, value);
    const now = [...old.childNodes], then = [...fresh.childNodes];
    let start = 0, stop = 0;
    while (start < Math.min(now.length, then.length) && now[start].isEqualNode(then[start])) start++;
    while (stop < Math.min(now.length, then.length) - start && now.at(-1 - stop).isEqualNode(then.at(-1 - stop))) stop++;
    const mark = stop ? now[now.length - stop] : null;
    const rest = now.slice(start, now.length - stop);
    for (const node of then.slice(start, then.length - stop)) {
      const like = rest.findIndex((one) => kin(one, node));
      if (like < 0) { old.insertBefore(node, rest[0] ?? mark); continue; }
      rest.splice(0, like + 1).forEach((one, at) => (at < like ? one.remove() : morph(one, node)));
    }
    rest.forEach((one) => one.remove());
  };

  // -- the reader's place: the block at the top of the window stays there -----------------------------------------

  const steadily = (work) => {
    if (scrollY === 0) return work();
    const top = blocks.map((block) => only(block.nodes)).find((node) => node && node.getBoundingClientRect().bottom > 0);
    const before = top?.getBoundingClientRect().top;
    work();
    if (top?.isConnected) scrollBy({ top: top.getBoundingClientRect().top - before, behavior: "instant" });
  };

  const retitle = (title, html) => {
    const heading = article.querySelector(":scope > header.entry h1");
    const journal = document.querySelector('a.home[href$="index.html"]')?.textContent ?? "";
    const whole = title + (["", title].includes(journal) ? "" : ` \u00b7 ${journal}`);
    if (document.title !== whole) document.title = whole;
    if (heading) morph(heading, Object.assign(document.createElement("h1"), { innerHTML: html }));
  };

  // The contents of a page, as they are built: the author's headings of the two highest levels.
  const contents = () => {
    const lists = document.querySelectorAll(".toc > ol");
    if (!lists.length) return;
    const all = [...article.querySelectorAll(":is(h1, h2, h3, h4, h5, h6)[id]")].filter((head) => !head.closest("header.entry, .nozzle"));
    const levels = [...new Set(all.map((head) => head.tagName))].sort().slice(0, 2);
    const many = all.filter((head) => head.tagName === levels[0]).length > 20;
    const rows = all.filter((head) => levels.slice(0, many ? 1 : 2).includes(head.tagName)).map((head) => {
      const row = element("li", `level-${levels.indexOf(head.tagName)}`);
      const copy = head.cloneNode(true);
      copy.querySelectorAll(".anchor").forEach((anchor) => anchor.remove());
      copy.querySelectorAll("a").forEach((link) => link.replaceWith(...link.childNodes));
      row.append(Object.assign(element("a", ""), { innerHTML: copy.innerHTML.trim(), href: `#${encodeURIComponent(head.id)}` }));
      return row;
    });
    for (const list of lists) morph(list, Object.assign(element("ol", ""), { innerHTML: rows.map((row) => row.outerHTML).join("\n") }));
  };

  // -- cells that run ---------------------------------------------------------------------------------------------

  const ENDED = ["done", "ok", "failed", "error", "timeout", "stopped", "died"];
  const SAYS = { running: "Running", answering: "Being answered", thinking: "The doer writes", done: "Done", ok: "Done", failed: "Failed", error: "Failed", timeout: "Took too long", stopped: "Stopped", died: "Its kernel died" };
  const LONGEST = 64000;
  const runs = new Map();
  let ticking = 0;

  const run = (cell) => {
    if (!runs.has(cell)) {
      const box = element("section", "nozzle nozzle-output live-run live-slim");
      const who = element("p", "who");
      const what = element("span", "what"), time = element("span", "status");
      const pre = element("pre", "live-stream");
      Object.assign(pre, { tabIndex: 0, hidden: true, ariaLabel: "What it printed so far" });
      who.append(what, time);
      box.append(who, pre);
      box.setAttribute("aria-label", "Running cell");
      runs.set(cell, { box, what, time, pre, text: "", state: "", since: performance.now(), stale: false, tall: 0 });
    }
    return runs.get(cell);
  };

  // A box stands right under its cell, above what the last run left there.
  const settle = () => {
    for (const [cell, one] of runs) {
      const { box } = one;
      const anchor = document.querySelector(`[id^="${cell.startsWith("said-") ? "" : "cell-"}${CSS.escape(cell)}"]`);
      let block = anchor;
      while (block && block.parentNode !== article) block = block.parentNode;
      if (block && block === anchor) block = anchor.nextElementSibling === box ? box.nextElementSibling ?? box : anchor.nextElementSibling ?? anchor;
      if (!block) box.remove();
      else if (block.nextElementSibling !== box) block.after(box);
      const height = lastly(box)?.offsetHeight ?? 0;
      if (height < one.tall && box.classList.contains("live-slim") && !ENDED.includes(one.state)) grow(one);
      one.tall = Math.max(one.tall, height);
    }
  };

  const seconds = (since) => { const s = Math.max(0, (performance.now() - since) / 1000); return s < 60 ? `${s < 10 ? s.toFixed(1) : Math.round(s)} s` : `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`; };

  const tick = () => {
    const busy = [...runs.values()].filter((one) => !ENDED.includes(one.state));
    for (const one of busy) one.time.textContent = seconds(one.since);
    if (!busy.length) { clearInterval(ticking); ticking = 0; }
  };

  const running = ({ cell, state, seconds: took }) => {
    if (state === "written") { runs.get(cell)?.box.remove(); runs.delete(cell); return; }
    const one = run(cell), ended = ENDED.includes(state);
    if (ENDED.includes(one.state) && !ended) { one.text = ""; show(one); }
    if (one.state !== state) tell(`${cell.startsWith("said-") ? "Answer" : "Cell"}: ${SAYS[state] ?? state}`);
    one.state = state;
    one.since = performance.now() - took * 1000;
    one.what.textContent = SAYS[state] ?? state;
    one.time.textContent = seconds(one.since);
    one.box.classList.toggle("live-busy", !ended);
    one.box.classList.toggle("failed", ended && !["done", "ok"].includes(state));
    if (!ended && !ticking) ticking = setInterval(tick, 1000);
    steadily(settle);
  };

  // A new line to the watch tells all again.
  const forget = () => { for (const { box } of runs.values()) box.remove(); runs.clear(); };

  const stream = ({ cell, text }) => {
    const one = run(cell);
    one.text = (one.text + text).slice(-LONGEST);
    if (!one.state) running({ cell, state: "running", seconds: 0 });
    if (one.stale) return;
    one.stale = true;
    requestAnimationFrame(() => steadily(() => show(one)));
  };

  // What it prints stands where its last output stood, and hides it until something is written there.
  const lastly = (box) => (box.nextElementSibling?.matches(".nozzle-output:not(.live-run)") ? box.nextElementSibling : null);
  const grow = ({ box, tall }) => {
    box.style.minHeight = `${Math.max(tall, lastly(box)?.offsetHeight ?? 0)}px`;
    box.classList.remove("live-slim");
  };

  // As a terminal shows it: no colours, and a line that begins anew takes the old one's place.
  const show = (one) => {
    one.stale = false;
    const plain = one.text.replace(/\x1b(?:\[[0-9;?]*[ -\/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))/g, "").replace(/\r+\n/g, "\n");
    const text = plain.replace(/[^\n]*\r(?=[^\n])/g, "");
    const low = one.pre.scrollHeight - one.pre.scrollTop - one.pre.clientHeight < 24;
    one.pre.hidden = !text;
    if (text && one.box.classList.contains("live-slim")) grow(one);
    one.pre.textContent = text;
    if (low) one.pre.scrollTop = one.pre.scrollHeight;
  };

  // -- one line at the foot of the window -------------------------------------------------------------------------

  const foot = element("p", "live-foot");
  const spoken = element("p", "live-spoken");
  spoken.setAttribute("role", "status");
  foot.setAttribute("role", "status");
  foot.hidden = true;
  const line = element("span", ""), cross = element("button", "live-put-away");
  Object.assign(cross, { type: "button", title: "Put it away", ariaLabel: "Put it away" });
  foot.append(line, cross);
  document.body.append(foot, spoken);
  // News that stay until they are put away, the newest of them, and under those what passes by itself.
  const BRIEF = 20000, MOST = 4;
  let lasting = [], brief = "", passing = 0;
  const dismissed = new Set();
  const news = () => [...lasting, brief].filter((text) => text && !dismissed.has(text)).join("\n");
  const pass = () => {
    if (foot.matches(":hover, :focus-within")) { passing = setTimeout(pass, 1000); return; }
    brief = "";
    settled();
  };
  const hear = ({ text, passes = false }) => {
    clearTimeout(passing);
    brief = passes ? text : "";
    if (!text) { lasting = []; dismissed.clear(); } else if (!passes) lasting = [...lasting.filter((one) => one !== text), text].slice(-MOST);
    if (brief) passing = setTimeout(pass, BRIEF);
    settled();
  };
  cross.addEventListener("click", () => { (brief ? [brief] : lasting).forEach((text) => dismissed.add(text)); brief = ""; settled(); });

  const tell = (words) => { spoken.textContent = words; };
  const say = (words, ended = false) => {
    if (line.textContent !== words) line.textContent = words;
    foot.hidden = !words;
    cross.hidden = ended;
    foot.classList.toggle("live-over", ended);
  };
  const GONE = "The watch has ended: this page stays as it was.";
  // The entry is not in the journal now: what is shown stays, and goes on when it comes back.
  let away = null;
  const settled = () => {
    document.body.classList.toggle("live-away", Boolean(away));
    if (!away) return say(news());
    if (blocks[0]?.key === `away${away.to}`) return say("");  // the page itself says so
    say(`${away.words} This page shows how it was.`, true);
    if (away.to) line.append(" ", Object.assign(element("a", "live-moved", "Go there"), { href: `/${away.to.split("/").map(encodeURIComponent).join("/")}` }));
    if (away.to) line.lastChild.dataset.to = away.to;
  };
  // A watch that begins anew has the same address, where that is free: the page goes on with it.
  const AGAIN = [1, 2, 3, 5, 10, 30];

  // -- the line to the watch: held while somebody looks, since a browser has few of them ------------------------

  let source = null, patience = 0, tries = 0, ended = false, waits = 0;
  let sound = article !== null && adopt();
  let has = sound ? stamp : "";
  document.body.classList.toggle("live-away", Boolean(blocks[0]?.key.startsWith("away")));

  const over = () => {
    hang();
    lost(true);
    for (const one of runs.values()) {
      show(one);
      one.box.classList.remove("live-busy");
      if (!ENDED.includes(one.state)) one.what.textContent = "Was running";
    }
    clearInterval(ticking);
    gone(true);
  };
  const gone = (is) => {
    ended = is;
    document.body.classList.toggle("live-gone", is);
    say(is ? GONE : "", is);
    if (is) patience = setTimeout(() => { if (document.visibilityState !== "hidden") again(); else patience = 0; }, 1000 * AGAIN[Math.min(waits++, AGAIN.length - 1)]);
  };

  const hang = () => { source?.close(); source = null; clearTimeout(patience); patience = 0; };

  // While no watch runs anybody may listen at its address: before anything goes there, each side proves that it knows
  // the key, which is not sent. A page for other devices has none, and asks at once.
  const bytes = (words) => new TextEncoder().encode(words);
  const hex = (numbers) => [...numbers].map((one) => one.toString(16).padStart(2, "0")).join("");
  const signs = key && crypto.subtle.importKey("raw", bytes(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const proof = async (who, what) => hex(new Uint8Array(await crypto.subtle.sign("HMAC", await signs, bytes(`${who} ${location.port} ${what}`))));
  const met = async () => {
    if (!key) return true;
    const asked = hex(crypto.getRandomValues(new Uint8Array(16)));
    const found = await fetch(`/_again?asked=${asked}`, { credentials: "omit", cache: "no-store" });
    const [salt, said] = (await found.text()).trim().split(" ");
    if (said !== await proof("watch", asked)) return false;
    const answer = await fetch("/_again", { method: "POST", body: await proof("page", salt) });
    if (answer.ok) document.querySelector("script[data-deed]")?.setAttribute("data-deed", await answer.text());
    return answer.ok;
  };
  // Nor does anything that is done here go out meanwhile.
  const lost = (is) => document.body.classList.toggle("live-lost", is);
  let meeting = false;
  const again = async () => {
    if (source || meeting) return;
    meeting = true;
    lost(true);
    const known = await met().catch(() => false);
    meeting = false;
    if (known) return listen();
    if (ended) return gone(true);
    say("The watch does not answer; trying again.", true);
    patience = setTimeout(retry, 1000);
  };

  // Another watch may have been told of other things that wait.
  const asked = () => article?.dispatchEvent(new Event("nozzle-waits"));

  const listen = () => {
    if (source) return;
    source = new EventSource(`/_live?page=${encodeURIComponent(page)}&has=${encodeURIComponent(has)}`);
    const on = (name, work) => source.addEventListener(name, (event) => work(JSON.parse(event.data)));
    source.onopen = () => { lost(false); tries = 0; waits = 0; lasting = []; brief = ""; away = null; gone(false); settled(); forget(); asked(); };
    source.onerror = () => {
      lost(true);
      if (ended) { hang(); return gone(true); }
      if (source.readyState === EventSource.CLOSED) return over();
      hang();
      say("The watch does not answer; trying again.", true);
      patience = setTimeout(retry, 1000);
    };
    on("away", (told) => { away = told; forget(); settled(); });
    on("patch", (change) => article && steadily(() => { if (away) { away = null; settled(); } splice(change); has = change.stamp; retitle(change.title, change.heading); settle(); contents(); }));
    on("running", running);
    on("stream", stream);
    on("news", hear);
    on("waits", asked);
    on("reload", () => { hang(); location.reload(); });
    on("over", over);
  };

  const retry = () => { if (++tries > 5) over(); else again(); };

  let first = true;
  const look = () => {
    if (document.visibilityState === "hidden") return hang();
    if (first) listen(); else again();
    first = false;
  };
  document.addEventListener("visibilitychange", look);
  look();
})();
