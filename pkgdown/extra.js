// Search in the sections of all pages, listed in search-index.js: those that have every word,
// words of headings before words of text. Works from a folder, without a server. An address that
// ends in ?q=few+groups asks for these words.
(function () {
  "use strict";
  const most = 12;

  function score(section, words) {
    let sum = 0;
    for (const word of words) {
      if (section.head.includes(word)) sum += 10;
      else if (section.low.includes(word)) sum += 1;
      else return 0;
    }
    return sum;
  }

  function excerpt(section, word) {
    const at = Math.max(section.low.indexOf(word) - 40, 0);
    return (at > 0 ? "... " : "") + section.text.slice(at, at + 120);
  }

  function find(sections, query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    return sections
      .map((section) => ({ section, score: score(section, words), word: words[0] }))
      .filter((hit) => hit.score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, most);
  }

  function show(list, hits, root) {
    list.replaceChildren(...hits.map(({ section, word }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const small = document.createElement("small");
      link.href = root + section.path;
      link.textContent = section.heading === section.title || section.heading === ""
        ? section.title : section.title + ": " + section.heading;
      small.textContent = excerpt(section, word);
      link.append(small);
      item.append(link);
      return item;
    }));
    list.hidden = hits.length === 0;
  }

  document.addEventListener("DOMContentLoaded", function () {
    const place = document.querySelector(".site-search");
    if (!place || !window.searchIndex) return;
    const input = place.querySelector("input");
    const list = place.querySelector("ol");
    const sections = window.searchIndex;
    for (const section of sections) {
      section.head = (section.title + " " + section.heading).toLowerCase();
      section.low = section.text.toLowerCase();
    }
    const asked = new URLSearchParams(window.location.search).get("q");
    if (asked) { input.value = asked; show(list, find(sections, asked), place.dataset.root); }
    input.addEventListener("input", () => show(list, find(sections, input.value), place.dataset.root));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { input.value = ""; show(list, [], ""); }
      if (event.key === "Enter") { event.preventDefault(); const first = list.querySelector("a"); if (first) first.click(); }
    });
  });
})();
