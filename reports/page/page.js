"use strict";
(() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const OUTCOMES = ["fail", "inconclusive", "expected-failure", "pass", "not-applicable", "skipped"];
  const SIGNS = {"pass": "✓", "fail": "✕", "inconclusive": "?", "expected-failure": "!", "not-applicable": "–", "skipped": "·"};
  const words = (outcome) => outcome.replace("-", " ");

  // h("p", {class: "x"}, "text", child): text is always text, never markup.
  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "on") for (const [event, f] of Object.entries(value)) element.addEventListener(event, f);
      else if (value !== undefined && value !== null) element.setAttribute(name, value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  }

  function time(ms) {
    if (ms < 1) return ms === 0 ? "0" : ms.toFixed(2) + " ms";
    if (ms < 1000) return Math.round(ms) + " ms";
    if (ms < 60000) return (ms / 1000).toFixed(ms < 10000 ? 2 : 1) + " s";
    const minutes = Math.floor(ms / 60000);
    return minutes + " min " + Math.round((ms % 60000) / 1000) + " s";
  }

  const plural = (n, word) => n + " " + word + (n === 1 ? "" : "s");
  const sign = (outcome) => h("span", {class: "sign " + outcome, title: words(outcome)}, SIGNS[outcome]);
  const bad = (b) => b.outcome === "fail" || b.outcome === "inconclusive";
  const worst = (outcomes) => OUTCOMES.find((outcome) => outcomes.includes(outcome)) || "skipped";

  // --- The data, by behaviour ---
  const notes = new Map(run.behaviours.map((note) => [note.id, note]));
  const behaviours = new Map();
  for (const result of run.results) {
    if (!behaviours.has(result.id)) behaviours.set(result.id, {id: result.id, note: notes.get(result.id), results: []});
    behaviours.get(result.id).results.push(result);
  }
  const all = [...behaviours.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const b of all) {
    b.outcome = worst(b.results.map((r) => r.outcome));
    const parts = b.id.split("/");
    [b.area, b.topic, b.fact] = [parts[0], parts.slice(1, -1).join("/"), parts[parts.length - 1]];
    b.backends = [...new Set(b.results.map((r) => r.backend))];
    const n = b.note || {source: []};
    b.text = [b.id, n.level, n.given, n.when, n.then, ...n.source.flatMap((s) => [s.id, s.words]),
      ...new Set(b.results.map((r) => r.message))].join(" ").toLowerCase();
    b.leading = b.results.find((r) => r.outcome === b.outcome);
  }
  function tally(list) {
    const counts = {};
    for (const b of list) counts[b.outcome] = (counts[b.outcome] || 0) + 1;
    return counts;
  }
  const judged = (counts) => OUTCOMES.slice(0, 4).reduce((sum, o) => sum + (counts[o] || 0), 0);
  function bar(counts) {
    return h("div", {class: "bar", "aria-hidden": "true"}, OUTCOMES.filter((o) => counts[o]).map((o) =>
      h("i", {class: o, style: "flex:" + counts[o], title: counts[o] + " " + words(o)})));
  }

  // --- What is shown ---
  const filter = {text: "", outcomes: new Set(), areas: new Set(), backends: new Set()};
  const isShown = (b) =>
    (!filter.outcomes.size || filter.outcomes.has(b.outcome)) &&
    (!filter.areas.size || filter.areas.has(b.area)) &&
    (!filter.backends.size || b.backends.some((name) => filter.backends.has(name))) &&
    filter.text.split(/\s+/).every((word) => b.text.includes(word));

  const toggles = [];
  function toggle(set, value, attributes, ...children) {
    const button = h("button", {type: "button", ...attributes, on: {click: () => {
      if (!set.delete(value)) set.add(value);
      update();
    }}}, ...children);
    toggles.push(() => button.setAttribute("aria-pressed", set.has(value)));
    return button;
  }

  // --- Top of the page ---
  function theme() {
    const root = document.documentElement;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "dark" : "light";
    const button = h("button", {class: "theme", type: "button", on: {click: () => {
      root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      label();
    }}});
    const label = () => { button.textContent = root.dataset.theme === "dark" ? "Light" : "Dark"; };
    label();
    return button;
  }

  function mark() {
    const box = h("span", {class: "mark"});
    box.innerHTML = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" ' +
      'stroke-linecap="round" aria-hidden="true"><path d="M12 2 21 7v10l-9 5-9-5V7z"/><path d="m8 12 3 3 5-6"/></svg>';
    return box;
  }

  function verdict() {
    const counts = tally(all);
    const failed = counts.fail || 0;
    const good = !failed && counts.pass && !run.aborted && !run.mutant;
    const checked = judged(counts);
    const title = failed
      ? [h("b", {}, failed + " of " + plural(checked, "behaviour")), failed === 1 ? " does not hold" : " do not hold"]
      : !counts.pass ? ["Nothing was proved"]
      : [h("b", {}, checked === 1 ? "The one behaviour" : "All " + checked + " behaviours"), checked === 1 ? " holds" : " hold"];
    if (!failed && counts.inconclusive) {
      title.splice(0, title.length, h("b", {}, plural(counts.inconclusive, "behaviour")), " without a verdict, none failed");
    }
    const tone = failed ? "fail" : good && !counts.inconclusive ? "pass" : "inconclusive";
    document.title = (failed ? failed + " failed" : good ? "Pass" : "No pass") + " · kubeproof report";
    return h("section", {class: "verdict " + tone},
      run.mutant ? h("div", {class: "stamp"}, "Mutant ", h("code", {}, run.mutant), " was on: this run proves tests, not a cluster") : null,
      run.aborted ? h("div", {class: "stamp"}, "Aborted: " + run.aborted) : null,
      h("h1", {}, title),
      h("p", {class: "lead"}, plural(run.results.length, "test run") + " of " + plural(all.length, "behaviour") + " on " +
        run.backends.join(", ") + " in " + time(run.duration_ms) + "."),
      bar(counts),
      h("div", {class: "tiles"}, OUTCOMES.filter((o) => counts[o]).map((o) =>
        toggle(filter.outcomes, o, {class: "chip " + o}, sign(o), h("b", {}, counts[o]), words(o)))),
      facts());
  }

  function facts() {
    const fact = (name, value, kind) => value ? h("div", {class: kind}, h("dt", {}, name), h("dd", {}, value)) : null;
    return h("dl", {class: "facts"},
      fact("Server", run.server), fact("Started", run.started.slice(0, 16).replace("T", " ") + " UTC"), fact("Tool", run.tool),
      fact("Seed", h("code", {}, run.seed)),
      fact("Command", run.command ? h("code", {}, run.command) : null, "wide"));
  }

  function areas() {
    const names = [...new Set(all.map((b) => b.area))];
    return h("div", {class: "areas"}, names.map((name) => {
      const list = all.filter((b) => b.area === name);
      const counts = tally(list);
      return toggle(filter.areas, name, {class: "area"},
        h("span", {}, h("strong", {}, name), counts.fail ? h("em", {class: "bad"}, counts.fail + " failed")
          : h("em", {}, (counts.pass || 0) + " of " + judged(counts))),
        bar(counts));
    }));
  }

  // --- One result ---
  function steps(result) {
    return h("ol", {class: "steps"}, result.steps.map((step) => h("li", {class: step.ok ? "" : "bad"},
      h("time", {}, time(step.at_ms)), h("i", {"aria-label": step.ok ? "done" : "failed"}, step.ok ? "✓" : "✕"),
      h("span", {}, step.text, step.detail ? h("code", {}, step.detail) : null))));
  }

  function tone(entry) {
    if (entry.object.startsWith("fault")) return "fault";
    return {ADDED: "added", DELETED: "deleted"}[entry.event] || "changed";
  }
  const KIND_TONES = {fault: "inconclusive", added: "pass", deleted: "fail", changed: "changed"};

  // A lane for each object: a dot for each event, a line while the object lives.
  function lanes(timeline) {
    const end = Math.max(...timeline.map((entry) => entry.at_ms), 1);
    const objects = [...new Set(timeline.map((entry) => entry.object))];
    const at = (entry) => (100 * entry.at_ms / end).toFixed(2) + "%";
    return [
      objects.map((object) => {
        const events = timeline.filter((entry) => entry.object === object);
        const last = events[events.length - 1];
        const until = last.event === "DELETED" ? at(last) : "100%";
        const life = tone(events[0]) === "fault" ? null
          : h("div", {class: "life", style: `left:${at(events[0])};right:calc(100% - ${until})`});
        return h("div", {class: "lane"}, h("span", {title: object}, object), h("div", {class: "track"}, life,
          events.map((entry) => h("div", {class: "dot " + tone(entry), style: "left:" + at(entry),
            title: `${time(entry.at_ms)}  ${entry.event}  ${entry.detail}`}))));
      }),
      h("div", {class: "axis"}, h("span", {}, "0"), h("span", {}, time(end / 2)), h("span", {}, time(end)))];
  }

  function events(timeline) {
    return h("table", {class: "events"}, h("tbody", {}, timeline.map((entry) => h("tr", {},
      h("td", {}, h("time", {}, time(entry.at_ms))), h("td", {class: "kind " + KIND_TONES[tone(entry)]}, entry.event.toLowerCase()),
      h("td", {}, entry.object, entry.detail ? h("div", {class: "muted"}, entry.detail) : null)))));
  }

  function recipe(result) {
    const button = h("button", {type: "button", on: {click: () => {
      const done = () => { button.textContent = "Copied"; };
      const byHand = () => getSelection().selectAllChildren(button.previousSibling);
      if (navigator.clipboard) navigator.clipboard.writeText(result.recipe).then(done, byHand); else byHand();
    }}}, "Copy");
    return h("div", {class: "recipe"}, h("code", {}, result.recipe), button);
  }

  function resultView(result) {
    const part = (title, content) => [h("h3", {}, title), content];
    return h("div", {class: "result " + result.outcome},
      h("div", {class: "head"}, sign(result.outcome), h("b", {}, words(result.outcome)),
        h("span", {class: "muted"}, [result.test, result.backend, "seed " + result.seed, time(result.duration_ms)]
          .filter(Boolean).join(" · "))),
      result.message ? h("div", {class: "message"}, result.message) : null,
      result.recipe ? part("Replay", recipe(result)) : null,
      result.steps.length ? part("Steps", steps(result)) : null,
      result.timeline.length ? part("Objects over time", [lanes(result.timeline), events(result.timeline)]) : null);
  }

  // One square a seed; a back end with a single run gets a button that says its name.
  function resultsView(b) {
    const view = h("div", {});
    const buttons = [];
    const show = (result, button) => {
      buttons.forEach((other) => other.setAttribute("aria-pressed", other === button));
      view.replaceChildren(resultView(result));
    };
    const rows = b.backends.map((backend) => {
      const results = b.results.filter((r) => r.backend === backend);
      return h("div", {class: "seeds"}, h("label", {}, backend), h("div", {}, results.map((result) => {
        const alone = results.length === 1;
        const button = h("button", {type: "button", class: `seed ${result.outcome}${alone ? " wide" : ""}`,
          title: `seed ${result.seed}: ${words(result.outcome)}`, on: {click: () => show(result, button)}},
          alone ? words(result.outcome) : "");
        buttons.push(button);
        button.result = result;
        return button;
      })));
    });
    const first = buttons.find((button) => button.result === b.leading) || buttons[0];
    show(first.result, first);
    return h("div", {}, h("h3", {}, "Runs"), rows, view);
  }

  // --- One behaviour ---
  function story(b) {
    const n = b.note;
    if (!n) return h("div", {}, h("p", {class: "muted"}, "Not in the catalogue of this run."));
    const link = (page) => /^https?:\/\//.test(page) ? h("a", {href: page, rel: "noopener noreferrer", target: "_blank"}, page.replace(/^https?:\/\//, ""))
      : h("span", {class: "muted"}, page);
    return h("div", {},
      h("code", {class: "muted id"}, b.id),
      h("h3", {}, "The documentation says"),
      h("dl", {class: "story"}, h("dt", {}, "Given"), h("dd", {}, n.given), h("dt", {}, "when"), h("dd", {}, n.when),
        h("dt", {}, "then"), h("dd", {}, n.then)),
      h("h3", {}, n.source.length === 1 ? "Source" : "Sources"),
      h("ul", {class: "sources"}, n.source.map((s) => h("li", {}, h("span", {class: "tag"}, s.id), s.words, h("div", {}, link(s.page))))),
      n.maps_to.length ? [h("h3", {}, "Upstream test"), n.maps_to.map((name) => h("div", {class: "mono"}, name))] : null,
      n.since ? h("p", {class: "muted"}, "Since Kubernetes " + n.since + ".") : null);
  }

  function backendsView(b) {
    return h("span", {class: "backends"}, b.backends.map((backend) => {
      const results = b.results.filter((r) => r.backend === backend);
      const outcome = worst(results.map((r) => r.outcome));
      const same = results.filter((r) => r.outcome === outcome).length;
      const count = results.length === 1 ? "" : outcome === "pass" ? " " + results.length : ` ${same}/${results.length}`;
      return h("span", {class: outcome, title: words(outcome)}, h("u", {}, SIGNS[outcome]), backend + count);
    }));
  }

  function row(b) {
    const why = b.outcome !== "pass" && b.leading && b.leading.message;
    const details = h("details", {id: b.id, class: b.outcome, on: {toggle: () => {
      if (details.open && details.children.length === 1) details.append(h("div", {class: "open"}, story(b), resultsView(b)));
    }}}, h("summary", {}, sign(b.outcome),
      h("span", {class: "name"}, bad(b) ? h("span", {class: "muted"}, b.area + " / " + b.topic + " / ") : null, h("b", {}, b.fact.replaceAll("-", " ")), b.note ? h("span", {class: "level"}, b.note.level) : null),
      backendsView(b), why ? h("span", {class: "why"}, why) : null));
    return details;
  }

  const rows = new Map(all.map((b) => [b.id, row(b)]));
  const list = h("div", {});
  const shown = h("span", {class: "shown", "aria-live": "polite"});
  const clear = h("button", {class: "link", type: "button", on: {click: () => {
    filter.outcomes.clear(); filter.areas.clear(); filter.backends.clear();
    filter.text = search.value = "";
    update();
  }}}, "Show all");
  const search = h("input", {type: "search", placeholder: "Search ids, sources, messages", "aria-label": "Search",
    on: {input: () => { filter.text = search.value.trim().toLowerCase(); update(); }}});

  // Failures first, then topic by topic.
  function update() {
    toggles.forEach((show) => show());
    const visible = all.filter(isShown);
    shown.textContent = visible.length === all.length ? plural(all.length, "behaviour") : `${visible.length} of ${all.length}`;
    clear.hidden = visible.length === all.length;
    const groups = new Map();
    for (const b of visible) {
      const key = bad(b) ? "" : b.area + "/" + b.topic;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(b);
    }
    const keys = [...groups.keys()].sort();
    list.replaceChildren(...keys.flatMap((key) => [
      h("h3", {class: "topic"}, key === "" ? h("b", {}, "Needs a look") : [key.split("/")[0] + " / ", h("b", {}, key.split("/").slice(1).join("/"))]),
      h("div", {class: "list"}, groups.get(key).map((b) => rows.get(b.id)))]));
    if (!visible.length) list.replaceChildren(h("div", {class: "nothing"}, "No behaviour matches."));
  }

  const page = document.getElementById("page");
  page.replaceChildren(
    h("header", {class: "top"}, mark(), h("span", {class: "brand"}, "kubeproof"), theme()),
    verdict(),
    h("div", {class: "section"}, h("h2", {}, "Areas"), h("span", {class: "muted"}, "behaviours that hold, of those checked")),
    areas(),
    h("div", {class: "filters"}, search,
      run.backends.length > 1 ? run.backends.map((name) => toggle(filter.backends, name, {class: "chip plain"}, name)) : null,
      shown, clear),
    list,
    h("footer", {}, `${run.tool}, results schema ${run.schema_version}. Durations are wall-clock time, also for simulated runs; times of steps and events are the cluster's.`));
  update();

  function openHash() {
    const details = rows.get(decodeURIComponent(location.hash.slice(1)));
    if (details) { details.open = true; details.scrollIntoView(); }
  }
  addEventListener("hashchange", openHash);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  });
  list.addEventListener("click", (event) => {
    const summary = event.target.closest("summary");
    if (summary) history.replaceState(null, "", summary.parentElement.open ? location.pathname : "#" + summary.parentElement.id);
  });
  openHash();
  if (!location.hash) for (const b of all.filter((one) => one.outcome === "fail").slice(0, 1)) rows.get(b.id).open = true;
})();
