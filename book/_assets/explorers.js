// Explorers: each takes the place of a figure, and draws from tables that were computed with the page.
"use strict";
(() => {
  const STYLES = [
    ["#1f86c9", ""], ["#d9541e", "8 4"], ["#2b9348", "9 3 2 3"], ["#b65fc4", "2 3"], ["#a8780b", "10 3 2 3 2 3"],
  ];
  const SVG = "http://www.w3.org/2000/svg";
  const BOX = { left: 62, right: 628, top: 14, bottom: 352 };
  const READING_PAUSE = 700;

  // ---- tables

  const NODES = 4;

  function nearWeights(nodes, x) {
    const above = nodes.findIndex((node) => node > x);
    const place = above < 0 ? nodes.length : above;
    const first = Math.min(Math.max(place - NODES / 2, 0), nodes.length - NODES);
    const near = nodes.slice(first, first + NODES);
    return near.map((node, i) => [first + i, near.reduce((w, other, j) => (j === i ? w : (w * (x - other)) / (node - other)), 1)]);
  }

  function curveAt(table, setting) {
    const combine = (values, depth) => {
      if (depth === table.axes.length) return values;
      const axis = table.axes[depth];
      const parts = nearWeights(axis.nodes, Math.log10(setting[axis.name]))
        .map(([i, w]) => [w, combine(values[i], depth + 1)]);
      return parts[0][1].map((_, k) => parts.reduce((sum, [w, part]) => sum + w * part[k], 0));
    };
    return combine(table.values, 0).map((value) => value * table.unit);
  }

  // ---- formulas: from tables at a setting to curves, upright lines and a sentence

  function gaussianTail(x) {  // Abramowitz and Stegun 7.1.26: absolute error below 1e-7
    const z = Math.abs(x) / Math.SQRT2, t = 1 / (1 + 0.3275911 * z);
    const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const tail = 0.5 * series * Math.exp(-z * z);
    return x < 0 ? 1 - tail : tail;
  }

  function valueAt(curve, x) {  // linear in log x; NaN beyond the ends
    const i = curve.x.findIndex((end) => end >= x);
    if (i < 0 || (i === 0 && curve.x[0] > x)) return NaN;
    if (i === 0) return curve.y[0];
    const share = Math.log(x / curve.x[i - 1]) / Math.log(curve.x[i] / curve.x[i - 1]);
    return curve.y[i - 1] + share * (curve.y[i] - curve.y[i - 1]);
  }

  const short = (x, digits = 3) => {
    if (!Number.isFinite(x)) return "beyond the curve";
    if (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e5)) {
      const [mantissa, power] = x.toExponential(digits - 1).split("e");
      return `${mantissa} · 10^${Number(power)}`.replace("-", "−");
    }
    return String(Number(x.toPrecision(digits))).replace("-", "−");
  };

  const FORMULAS = {
    performance(table, at, constants) {
      const [E, V, W, B, D] = ["E", "V", "W", "B", "D"].map((name) => table(name).map(Math.exp));
      const x = constants.exponents.map((exponent) => exponent / at.alpha);
      const enlarged = (at.mu_norm2 + at.c) / at.mu_norm2;
      const curves = [
        { label: "new points", x, y: E.map((e, k) => gaussianTail(e / Math.sqrt(V[k] + at.sigma2 * B[k]))) },
        { label: "training points", x, y: E.map((e, k) => gaussianTail((enlarged * e) / Math.sqrt(W[k] + at.sigma2 * D[k]))) },
      ];
      const best = curves[0].y.reduce((least, y, k) => (y < curves[0].y[least] ? k : least), 0);
      const [fresh, training] = curves.map((curve) => short(valueAt(curve, at.t)));
      return {
        curves, marks: [{ x: at.t, label: "t" }],
        reading: `At t = ${short(at.t)}: error on new points ${fresh}, on training points ${training}. ` +
          `Smallest error on new points shown: ${short(curves[0].y[best])} at t = ${short(x[best])}.`,
      };
    },

    staircase(table, at, constants) {
      const { risk, degrees } = constants[at.target];
      const x = table(`time ${at.target}`).map((log) => 10 ** log);
      const times = table(`learnt ${at.target}`).map((log) => 10 ** log);
      return {
        curves: [{ label: "risk", x, y: risk }],
        marks: times.map((time, k) => ({ x: time, label: `T${degrees[k]}` })),
        reading: `At ε = ${short(at.epsilon)}, half is learnt ` +
          times.map((time, k) => `of degree ${degrees[k]} at t = ${short(time)}`).join(", ") + ".",
      };
    },

    distances(table, at, constants) {
      const x = constants.epochs;
      const curve = (label, name) => ({ label, x, y: table(name).map(Math.exp) });
      const curves = [
        curve("outside the span", "perpendicular"), curve("to the linear solution", "distance"),
        curve("from the start", "displacement"), curve("to the solution, m = ∞", "distance limit"),
        curve("from the start, m = ∞", "displacement limit"),
      ];
      const [outside, distance, start] = curves.map((one) => short(valueAt(one, at.t)));
      return {
        curves, marks: [{ x: at.t, label: "k" }],
        reading: `After ${short(at.t)} steps, squared distances: outside the span ${outside}, to the linear solution ${distance}, from the start ${start}.`,
      };
    },
  };

  // ---- drawing

  function add(parent, name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  }

  function scaleOf(axis, from, to) {
    const f = axis.log ? Math.log10 : (x) => x;
    const [low, high] = [f(axis.low), f(axis.high)];
    return (x) => from + ((f(x) - low) / (high - low)) * (to - from);
  }

  function ticksOf(axis) {
    if (!axis.log) return Array.from({ length: 6 }, (_, k) => axis.low + (k * (axis.high - axis.low)) / 5);
    const [low, high] = [Math.ceil(Math.log10(axis.low) - 1e-9), Math.floor(Math.log10(axis.high) + 1e-9)];
    const every = Math.ceil((high - low) / 7) || 1;
    return Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, k) => 10 ** (low + k * every));
  }

  function drawAxes(svg, axes, sx, sy) {
    add(svg, "path", { class: "axis", d: `M${BOX.left} ${BOX.top}V${BOX.bottom}H${BOX.right}` });
    for (const tick of ticksOf(axes.x)) {
      add(svg, "path", { class: "axis", d: `M${sx(tick)} ${BOX.bottom}v5` });
      add(svg, "text", { x: sx(tick), y: BOX.bottom + 20, "text-anchor": "middle" }, tickText(tick, axes.x));
    }
    for (const tick of ticksOf(axes.y)) {
      add(svg, "path", { class: "axis", d: `M${BOX.left} ${sy(tick)}h-5` });
      add(svg, "text", { x: BOX.left - 8, y: sy(tick) + 5, "text-anchor": "end" }, tickText(tick, axes.y));
    }
    add(svg, "text", { x: (BOX.left + BOX.right) / 2, y: BOX.bottom + 42, "text-anchor": "middle" }, axes.x.label);
    add(svg, "text", { x: 14, y: 180, "text-anchor": "middle", transform: "rotate(-90 14 180)" }, axes.y.label);
  }

  const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  function tickText(x, axis) {
    if (axis.log && (x < 0.01 || x > 1000)) return "10" + [...String(Math.round(Math.log10(x)))].map((c) => SUPERSCRIPTS[c]).join("");
    return String(Number(x.toPrecision(3)));
  }

  function draw(svg, axes, { curves, marks }) {
    svg.replaceChildren();
    const sx = scaleOf(axes.x, BOX.left, BOX.right), sy = scaleOf(axes.y, BOX.bottom, BOX.top);
    drawAxes(svg, axes, sx, sy);
    for (const { x, label } of marks) {
      if (!(x >= axes.x.low && x <= axes.x.high)) continue;
      add(svg, "path", { class: "mark", d: `M${sx(x)} ${BOX.top}V${BOX.bottom}` });
      add(svg, "text", { x: sx(x) + 5, y: BOX.bottom - 8 }, label);
    }
    curves.forEach(({ label, x, y }, k) => {
      const [stroke, dash] = STYLES[k];
      const seen = x.map((at, i) => [at, y[i]]).filter(([at]) => at >= axes.x.low * 0.999 && at <= axes.x.high * 1.001);
      const clipped = ([at, value]) => `${sx(at).toFixed(1)} ${Math.min(Math.max(sy(value), BOX.top), BOX.bottom).toFixed(1)}`;
      add(svg, "path", { class: "curve", stroke, "stroke-dasharray": dash, d: "M" + seen.map(clipped).join("L") });
      const line = { x: BOX.right - 260, y: BOX.top + 14 + 19 * k };
      if (curves.length > 1) {
        add(svg, "path", { class: "curve", stroke, "stroke-dasharray": dash, d: `M${line.x} ${line.y - 5}h34` });
        add(svg, "text", { x: line.x + 42, y: line.y }, label);
      }
    });
  }

  // ---- one explorer

  function start(root) {
    const content = JSON.parse(root.querySelector("script").textContent);
    const form = root.querySelector("form");
    const figure = document.getElementById(content.figure);
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 640 404");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "The curves at the chosen setting; their numbers stand below the controls.");
    for (const child of [...figure.children]) if (child.tagName !== "FIGCAPTION") child.hidden = true;
    figure.prepend(svg);
    root.hidden = false;
    let pause;

    function setting() {
      return Object.fromEntries(content.controls.map(({ name, log, options }) => {
        const value = form.elements[name].value;
        return [name, options ? value : log ? 10 ** Number(value) : Number(value)];
      }));
    }

    function state() {
      const at = setting();
      return FORMULAS[content.formula]((name) => curveAt(content.tables[name], at), at, content.constants);
    }

    function update() {
      const at = setting(), now = state();
      for (const value of form.querySelectorAll(".value")) {
        value.textContent = short(at[value.dataset.of]);
        form.elements[value.dataset.of].setAttribute("aria-valuetext", value.textContent);
      }
      draw(svg, content.axes, now);
      root.querySelector(".reading").textContent = now.reading;
      clearTimeout(pause);
      pause = setTimeout(() => { root.querySelector("[aria-live]").textContent = now.reading; }, READING_PAUSE);
    }

    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(update));
    update();
    root.state = state;
  }

  document.querySelectorAll(".explorer").forEach(start);
})();
