// Search: its data come with the first use, from a folder too; titles count first, then headings, then texts.
(() => {
  const root = document.documentElement.dataset.content_root || "";
  const own = document.currentScript.src.replace(/site\.js.*|search\.js.*/, "");
  const WEIGHTS = [[/^book\/[^/]+\//, 1], [/^book\/reference/, 0.3], [/./, 0.7]];
  const LONGEST = 20;
  const AROUND = 90;
  let loading;

  const load = () => loading ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = own + "searchdata.js";
    script.onload = () => resolve(window.bookPages.map(prepared));
    script.onerror = () => { loading = undefined; reject(new Error("searchdata.js cannot be loaded")); };
    document.head.append(script);
  });

  // One spelling for British and American words, without accents, capitals, hyphens and the plural's s.
  function folded(text) {
    return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase()
      .replace(/[-–—_/]/g, " ").replace(/[^\p{L}\p{N}. ]/gu, " ").replace(/\.(?=\s|$)/g, " ")
      .replace(/iz(e|es|ed|er|ing|ation|ations)\b/g, "is$1").replace(/(paramet)e(ri)/g, "$1$2")
      .replace(/([a-z]{3,}[^s\W])s\b/g, "$1").replace(/\s+/g, " ").trim();
  }

  function prepared(page) {
    const parts = page.parts.map(part => ({...part, heading: ` ${folded(part.title)} `, body: ` ${folded(part.text)} `}));
    return {...page, parts, name: ` ${folded(page.title)} `, known: page.terms.map(folded),
      weight: WEIGHTS.find(([pattern]) => pattern.test(page.page))[1]};
  }

  const times = (text, term) => text.split(` ${term}`).length - 1;

  function partScore(part, phrase, terms) {
    const exact = 40 * times(part.heading, phrase) + 6 * Math.min(5, times(part.body, phrase));
    return terms.reduce((sum, term) => sum + 8 * Math.min(1, times(part.heading, term)) + Math.min(3, times(part.body, term)), exact);
  }

  function scored(page, phrase, terms) {
    const everything = page.name + page.parts.map(part => part.heading + part.body).join("");
    const term = page.known.find(known => known === phrase);
    const named = term || page.known.find(known => ` ${phrase} `.includes(` ${known} `));
    if (!named && !terms.every(one => everything.includes(` ${one}`))) return null;
    const parts = page.parts.map(part => [partScore(part, phrase, terms), part]).sort((a, b) => b[0] - a[0]);
    const title = 150 * Math.min(1, times(page.name, phrase)) + 30 * terms.filter(one => times(page.name, one)).length;
    const whole = page.name.trim().replace(/^[\d.]+ /, "") === phrase ? 2000 : 0;
    const body = parts.slice(0, 4).reduce((sum, [score]) => sum + score, 0);
    return {page, part: parts[0][0] ? parts[0][1] : page.parts[0],
      score: (title + body) * page.weight + whole + (term ? 1000 : named ? 500 : 0)};
  }

  function found(pages, query) {
    const phrase = folded(query);
    if (!phrase) return [];
    const terms = phrase.split(" ");
    return pages.map(page => scored(page, phrase, terms)).filter(one => one).sort((a, b) => b.score - a.score).slice(0, LONGEST);
  }

  function excerpt(part, terms) {
    const at = Math.max(0, part.text.toLowerCase().search(new RegExp(terms.map(one => one.replace(/\./g, "\\.")).join("|"))));
    const start = at < AROUND ? 0 : part.text.indexOf(" ", at - AROUND) + 1;
    const end = part.text.indexOf(" ", at + 2 * AROUND);
    return (start ? "… " : "") + part.text.slice(start, end < 0 ? undefined : end) + (end < 0 ? "" : " …");
  }

  function item({page, part}, phrase) {
    const [entry, link, text] = ["li", "a", "p"].map(tag => document.createElement(tag));
    link.href = root + page.page + (part.id ? `#${part.id}` : "");
    link.textContent = page.title + (part.id && part.title !== page.title ? ` › ${part.title}` : "");
    text.textContent = excerpt(part, phrase.split(" "));
    entry.dataset.page = page.page;
    entry.append(link, text);
    return entry;
  }

  async function show(query, place) {
    try {
      const phrase = folded(query);
      const results = found(await load(), query);
      const list = document.createElement("ol");
      list.append(...results.map(one => item(one, phrase)));
      const count = document.createElement("p");
      count.setAttribute("role", "status");
      count.textContent = phrase ? (results.length ? `${results.length} pages` : "Nothing found.") : "";
      place.replaceChildren(count, list);
    } catch (error) {
      place.textContent = `The search does not work: ${error.message}.`;
    }
  }

  function attach(input, place) {
    let waiting;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => show(input.value, place), 120);
    });
    input.addEventListener("focus", () => load().catch(() => {}), {once: true});
  }

  const dialog = document.getElementById("pst-search-dialog");
  const input = dialog?.querySelector("input[name=q]");
  if (input) {
    const place = document.createElement("div");
    place.className = "search-results";
    dialog.append(place);
    attach(input, place);
  }
  const page = document.getElementById("search-results");
  if (page) {
    const box = document.querySelector(".bd-search-container input[name=q]");
    const query = new URLSearchParams(location.search).get("q") || "";
    page.className = "search-results";
    box.value = query;
    attach(box, page);
    if (query) show(query, page);
  }
})();
