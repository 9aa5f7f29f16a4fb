// The words of all pages are in search-index.js; every word typed must begin a word of the page.
"use strict";
(() => {
  const pages = (window.nozzlePages || []).map(([href, title, date, tags, summary, words]) => ({
    href, title, date, tags, summary,
    head: ` ${title} ${tags.join(" ")}`.toLowerCase(),
    text: ` ${title} ${tags.join(" ")} ${summary} ${words}`.toLowerCase(),
  }));
  const query = document.getElementById("query");
  const found = document.getElementById("found");
  const said = document.getElementById("said");

  const rank = (page, terms) => terms.reduce((sum, term) => sum + (page.head.includes(` ${term}`) ? 10 : 1), 0);

  const element = (name, text, more) => Object.assign(document.createElement(name), { textContent: text }, more);

  const row = (page) => {
    const item = document.createElement("li");
    const box = document.createElement("div");
    if (page.date) item.append(element("time", page.date, { dateTime: page.date }));
    box.append(element("a", page.title, { href: page.href, className: "title" }));
    if (page.summary) box.append(element("p", page.summary));
    item.append(box);
    return item;
  };

  const look = () => {
    const terms = query.value.toLowerCase().split(/[^\p{L}\p{N}_'’-]+/u).filter(Boolean);
    const hits = terms.length ? pages.filter((page) => terms.every((term) => page.text.includes(` ${term}`))) : [];
    hits.sort((a, b) => rank(b, terms) - rank(a, terms) || (a.date < b.date ? 1 : -1));
    said.textContent = !terms.length ? "" : hits.length === 1 ? "1 page" : `${hits.length || "No"} pages`;
    found.replaceChildren(...hits.slice(0, 100).map(row));
    history.replaceState(null, "", terms.length ? `#${encodeURIComponent(query.value)}` : location.pathname);
  };

  const asked = () => {
    try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; }
  };
  query.value = asked() || new URLSearchParams(location.search).get("q") || "";
  query.addEventListener("input", look);
  look();
  query.focus();
})();
