// Search, freshness now, the lineage graph and the glossary's filter. The pages read without it.
"use strict";
(() => {
  const root = document.body.dataset.root;
  const make = (tag, name, text) => {
    const element = document.createElement(tag);
    element.className = name;
    element.textContent = text;
    return element;
  };

  // ---- search: words of the query must all be found; names count more than texts ----
  const input = document.getElementById("search");
  const list = document.getElementById("results");
  const found = document.getElementById("found");
  const entries = (window.shoplakeIndex || []).map(([kind, name, text, address]) =>
    ({ kind, name, text, address, low: name.toLowerCase(), all: (name + " " + text).toLowerCase() }));
  const weight = { page: 6, table: 5, model: 4, column: 2, rule: 1 };
  let hits = [];
  let active = -1;

  const score = (entry, words) => {
    let sum = weight[entry.kind];
    for (const word of words) {
      if (!entry.all.includes(word)) return 0;
      const at = entry.low.indexOf(word);
      const last = entry.low.split(/[.:]\s*/).pop();
      if (entry.low === word || last === word) sum += 40;
      else if (last.startsWith(word)) sum += 24;
      else if (at === 0 || at > 0 && /[^a-z0-9]/.test(entry.low[at - 1])) sum += 14;
      else if (at > 0) sum += 7;
      else sum += 1;
    }
    return sum;
  };

  const choose = (index) => {
    active = index;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === index)));
    const item = list.children[index];
    if (item && hits.length) {
      input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };

  const search = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.replaceChildren();
    hits = [];
    if (!words.length) { close(); found.textContent = ""; return; }
    hits = entries.map((entry) => [score(entry, words), entry]).filter(([s]) => s)
      .sort((a, b) => b[0] - a[0] || a[1].name.length - b[1].name.length || (a[1].name < b[1].name ? -1 : 1))
      .slice(0, 30).map(([, entry]) => entry);
    hits.forEach((entry, i) => {
      const item = document.createElement("li");
      item.id = "hit-" + i;
      item.setAttribute("role", "option");
      item.append(make("span", "kind", entry.kind), make("span", "hit", entry.name), make("span", "about", entry.text));
      item.addEventListener("mousedown", (event) => { event.preventDefault(); go(i); });
      list.append(item);
    });
    if (!hits.length) {
      const item = make("li", "nothing", "Nothing has all of these words.");
      item.setAttribute("role", "option");
      item.setAttribute("aria-disabled", "true");
      list.append(item);
    }
    found.textContent = hits.length + (hits.length === 1 ? " result" : " results");
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(hits.length ? 0 : -1);
  };

  const go = (index) => {
    if (hits[index]) { close(); window.location.href = root + hits[index].address; }
  };

  input.addEventListener("input", search);
  input.addEventListener("focus", () => { if (input.value) search(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && hits.length) {
      event.preventDefault();
      if (list.hidden) search();
      else choose((active + step + hits.length) % hits.length);
    } else if (event.key === "Enter") { event.preventDefault(); go(active); }
    else if (event.key === "Escape") {
      event.preventDefault();
      if (list.hidden) input.value = "";
      close();
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  });

  // ---- freshness: the page says what held at the last run; here it is said for now ----
  for (const badge of document.querySelectorAll("[data-newest]")) {
    const late = Date.now() - Date.parse(badge.dataset.newest) > Number(badge.dataset.hours) * 3600000;
    badge.textContent = late ? "▲ late" : "✓ fresh";
    badge.classList.toggle("late", late);
    badge.classList.toggle("ok", !late);
  }

  const page = document.querySelector(".pages [aria-current]");
  if (page) page.parentElement.scrollLeft = page.offsetLeft - page.parentElement.clientWidth / 2;
  const current = document.querySelector(".side [aria-current]");
  if (current) {
    const side = current.closest(".side");
    side.scrollTop = Math.max(0, current.offsetTop - side.clientHeight / 2);
  }

  // ---- lineage: everything a node comes from and goes to ----
  for (const graph of document.querySelectorAll("svg.graph")) {
    const flows = [...graph.querySelectorAll(".flow")];
    const nodes = [...graph.querySelectorAll(".node")];
    const walk = (start, from, to, seen) => {
      const open = [start];
      while (open.length) {
        const name = open.pop();
        for (const flow of flows) if (flow.dataset[from] === name && !seen.has(flow)) {
          seen.add(flow);
          open.push(flow.dataset[to]);
        }
      }
    };
    const light = (name) => {
      const seen = new Set();
      walk(name, "from", "to", seen);
      walk(name, "to", "from", seen);
      const names = new Set([name]);
      flows.forEach((flow) => {
        flow.classList.toggle("lit", seen.has(flow));
        if (seen.has(flow)) { names.add(flow.dataset.from); names.add(flow.dataset.to); }
      });
      nodes.forEach((node) => node.classList.toggle("lit", names.has(node.dataset.node)));
      graph.classList.add("lit");
    };
    const dim = () => graph.classList.remove("lit");
    for (const node of nodes) {
      node.addEventListener("focus", () => light(node.dataset.node));
      node.addEventListener("mouseenter", () => light(node.dataset.node));
      node.addEventListener("blur", dim);
      node.addEventListener("mouseleave", dim);
    }
  }

  const canvas = document.getElementById("canvas");
  if (canvas) {
    const graph = canvas.querySelector("svg.graph");
    const [, , width, height] = graph.getAttribute("viewBox").split(" ").map(Number);
    let view;
    const show = () => graph.setAttribute("viewBox", [view.x, view.y, view.w, view.h].map((n) => n.toFixed(1)).join(" "));
    const ratio = () => canvas.clientHeight / Math.max(canvas.clientWidth, 1);
    const clamp = (w) => Math.min(Math.max(w, 240), Math.max(width, height / ratio()) * 1.6);
    const set = (w, cx, cy) => {
      const wide = clamp(w);
      view = { w: wide, h: wide * ratio(), x: cx - wide / 2, y: cy - wide * ratio() / 2 };
      show();
    };
    const fit = () => set(Math.max(width, height / ratio()), width / 2, height / 2);
    const real = () => {
      const w = canvas.clientWidth;
      view = { w, h: w * ratio(), x: 0, y: Math.max(0, (height - w * ratio()) / 2) };
      show();
    };
    // The point (cx, cy) stays where it is on the screen.
    const zoom = (by, cx = view.x + view.w / 2, cy = view.y + view.h / 2) => {
      const w = clamp(view.w * by);
      const k = w / view.w;
      view = { w, h: w * ratio(), x: cx - (cx - view.x) * k, y: cy - (cy - view.y) * k };
      show();
    };
    const move = (dx, dy) => { view.x += dx; view.y += dy; show(); };
    const acts = { in: () => zoom(0.8), out: () => zoom(1.25), fit, real };
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => acts[button.dataset.zoom]());
    canvas.addEventListener("keydown", (event) => {
      const step = view.w / 12;
      const act = {
        ArrowLeft: () => move(-step, 0), ArrowRight: () => move(step, 0), ArrowUp: () => move(0, -step),
        ArrowDown: () => move(0, step), "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), 0: fit,
      }[event.key];
      if (act && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(); }
    });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      zoom(event.deltaY > 0 ? 1.12 : 0.89, view.x + view.w * (event.clientX - box.left) / box.width, view.y + view.h * (event.clientY - box.top) / box.height);
    }, { passive: false });
    // The mouse moves; a finger moves sideways, as up and down scroll the page; two fingers zoom.
    const touches = new Map();
    let moved = 0;
    canvas.addEventListener("pointerdown", (event) => { touches.set(event.pointerId, event); moved = 0; });
    window.addEventListener("pointermove", (event) => {
      const before = touches.get(event.pointerId);
      if (!before) return;
      const scale = view.w / canvas.clientWidth;
      if (touches.size === 1) move((before.clientX - event.clientX) * scale, (before.clientY - event.clientY) * scale);
      else {
        const other = [...touches.values()].find((t) => t.pointerId !== event.pointerId);
        const gap = (t) => Math.hypot(t.clientX - other.clientX, t.clientY - other.clientY) || 1;
        zoom(gap(before) / gap(event));
      }
      moved += Math.abs(before.clientX - event.clientX) + Math.abs(before.clientY - event.clientY);
      touches.set(event.pointerId, event);
    });
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, (event) => touches.delete(event.pointerId));
    canvas.addEventListener("click", (event) => { if (moved > 6) event.preventDefault(); }, true);
    canvas.addEventListener("dragstart", (event) => event.preventDefault());
    for (const node of canvas.querySelectorAll(".node")) node.addEventListener("focus", () => {
      if (!node.matches(":focus-visible")) return;
      const box = node.querySelector("rect");
      const x = Number(box.getAttribute("x")) + Number(box.getAttribute("width")) / 2;
      const y = Number(box.getAttribute("y")) + Number(box.getAttribute("height")) / 2;
      if (x < view.x || x > view.x + view.w || y < view.y || y > view.y + view.h) set(view.w, x, y);
    });
    // A graph too wide to be read as a whole is shown from its left end, in all its height.
    const readable = () => {
      const wide = width > canvas.clientWidth * 1.5;
      canvas.style.height = wide ? Math.min(height, 0.75 * window.innerHeight) + "px" : "";
      if (wide) real(); else fit();
    };
    readable();
    window.addEventListener("resize", readable);
  }

  // ---- glossary ----
  const filter = document.getElementById("filter");
  if (filter) {
    const terms = [...document.querySelectorAll("#terms > div")].map((item) => [item, item.textContent.toLowerCase()]);
    filter.addEventListener("input", () => {
      const wanted = filter.value.toLowerCase().trim();
      let left = 0;
      for (const [item, text] of terms) { item.hidden = !text.includes(wanted); left += !item.hidden; }
      document.getElementById("shown").textContent = left + (left === 1 ? " name" : " names");
    });
  }
})();
