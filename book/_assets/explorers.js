// Interactive figures: formulas, and tables that came with the page; uPlot draws the axes, curves and legends.
"use strict";
(() => {
  const OWN = document.currentScript;
  const LIBRARY = new URL(`../${OWN.dataset.chart}`, OWN.src);
  const STYLES = [
    ["#1f86c9", [], "solid"], ["#d9541e", [8, 4], "dashed"], ["#2b9348", [9, 3, 2, 3], "dashed"], ["#b65fc4", [2, 3], "dotted"],
    ["#a8780b", [10, 3, 2, 3, 2, 3], "dotted"],
  ];
  const GREY = "#7d7d7d";
  const HEIGHT = 300;
  const POSITIONS = 200;
  const SPOKEN_AFTER = 700;
  const PLAYING = 8000;
  const SMALLEST = 1e-4;

  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const logspace = (low, high, count) => Array.from({ length: count }, (_, k) => low * (high / low) ** (k / (count - 1)));
  const linspace = (low, high, count) => Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));

  // ---- numbers as readers see them

  const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  const power = (k) => `10${[...String(k)].map((sign) => SUPERSCRIPTS[sign]).join("")}`;

  function short(x, digits = 3) {
    if (x === Infinity) return "∞";
    if (!Number.isFinite(x)) return "beyond the curve";
    if (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e5)) {
      const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
      const factor = String(Number(mantissa));
      return (factor === "1" ? "" : `${factor} · `).replace("-", "−") + power(Number(exponent));
    }
    return String(Number(x.toPrecision(digits))).replace("-", "−");
  }

  const resolved = (x) => (x < SMALLEST ? `< ${power(-4)}` : short(x));
  const percent = (x) => `${short(100 * x, 2)} %`;

  // ---- tables

  const NODES = 4;

  function nearWeights(nodes, x) {
    const above = nodes.findIndex((node) => node > x);
    const place = above < 0 ? nodes.length : above;
    const first = Math.min(Math.max(place - NODES / 2, 0), nodes.length - NODES);
    const near = nodes.slice(first, first + NODES);
    return near.map((node, i) => [first + i, near.reduce((w, other, j) => (j === i ? w : (w * (x - other)) / (node - other)), 1)]);
  }

  function summedTwice(steps) {
    if (Array.isArray(steps[0])) return steps.map(summedTwice);
    let step = 0, value = 0;
    return steps.map((second) => (value += step += second));
  }

  function curveAt(table, setting) {
    table.values ??= summedTwice(table.steps);
    const combine = (values, depth) => {
      if (depth === table.axes.length) return values;
      const axis = table.axes[depth];
      const parts = nearWeights(axis.nodes, Math.log10(setting[axis.name]))
        .map(([i, w]) => [w, combine(values[i], depth + 1)]);
      return parts[0][1].map((_, k) => sum(parts.map(([w, part]) => w * part[k])));
    };
    return combine(table.values, 0).map((value) => value * table.unit);
  }

  function valueAt(x, y, at, scale = Math.log) {  // linear between neighbours; NaN beyond the ends
    const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.abs(b);
    const i = x.findIndex((end) => end >= at || near(end, at));
    if (i < 0 || (i === 0 && !near(x[0], at))) return NaN;
    if (i === 0) return y[0];
    const share = (scale(at) - scale(x[i - 1])) / (scale(x[i]) - scale(x[i - 1]));
    return y[i - 1] + share * (y[i] - y[i - 1]);
  }

  // ---- Part I: integrals over the two spectral measures

  const QUADRATURE = 240;

  function gaussianTail(x) {  // Chebyshev fit to the logarithm of erfc: relative error below 2e-7
    const z = Math.abs(x) / Math.SQRT2, t = 1 / (1 + z / 2);
    const fit = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368]
      .reduce((total, coefficient) => coefficient + t * total);
    const tail = (t / 2) * Math.exp(-z * z - 1.26551223 + t * fit);
    return x < 0 ? 1 - tail : tail;
  }

  const bulkEdges = (c) => [(1 - Math.sqrt(c)) ** 2, (1 + Math.sqrt(c)) ** 2];
  const spikeOf = ({ mu_norm2: signal, c }) => 1 + c + signal + c / signal;
  const root = (x, [low, high]) => Math.sqrt(Math.max((x - low) * (high - x), 0));
  const noiseDensity = (x, c) => root(x, bulkEdges(c)) / (2 * Math.PI * c * x);

  function spectralMeasures(at) {
    const { mu_norm2: signal, c } = at, spike = spikeOf(at);
    const nodes = Array.from({ length: QUADRATURE }, (_, k) => {
      const angle = ((k + 1) * Math.PI) / (QUADRATURE + 1);
      return [1 + c + 2 * Math.sqrt(c) * Math.cos(angle), (4 * c * Math.PI * Math.sin(angle) ** 2) / (QUADRATURE + 1)];
    });
    // The value at the pole is taken out of both integrals: what is left is smooth, whether or not an eigenvalue stands there.
    const ofSignal = nodes.map(([x, w]) => w / (2 * Math.PI * (spike - x)));
    const ofNoise = nodes.map(([x, w]) => w / (2 * Math.PI * c * x));
    const integral = (weights, pole, mass) => (g) => {
      const there = g(pole);
      return mass * there + nodes.reduce((total, [x], k) => total + weights[k] * (g(x) - there), 0);
    };
    return { signal: integral(ofSignal, spike, signal), noise: integral(ofNoise, 0, 1) };
  }

  function momentsAt(measures, { mu_norm2: signal, c, sigma2 }, exponent) {
    const kept = (x) => Math.exp(-exponent * x);
    const gain = (x) => (x === 0 ? exponent : -Math.expm1(-exponent * x) / x);
    const factor = (signal + c) / signal;
    const E = measures.signal(gain);
    const start = measures.noise((x) => kept(x) ** 2);
    const V = factor * measures.signal((x) => gain(x) ** 2) + sigma2 * start;
    const trained = factor * measures.signal((x) => gain(x) ** 2 * x) + sigma2 * measures.noise((x) => x * kept(x) ** 2);
    return { fresh: E / Math.sqrt(V), training: (factor * E) / Math.sqrt(trained - (factor * E) ** 2), start };
  }

  function endMargin({ mu_norm2: signal, c, sigma2 }) {
    if (c === 1) return 0;
    if (c < 1) return (signal / Math.sqrt(signal + c)) * Math.sqrt(1 - c);
    const variance = c / ((signal + c) * (c - 1)) + sigma2 * (1 - 1 / c);
    return signal / (signal + c) / Math.sqrt(variance);
  }

  function bestStop(at, measures) {  // the largest margin, in the exponent αt; Infinity where it is at the end of training
    const margin = (log) => momentsAt(measures, at, Math.exp(log)).fresh;
    const logs = linspace(Math.log(0.01), Math.log(2000), 60);
    const margins = logs.map(margin);
    const k = margins.reduce((best, value, i) => (value > margins[best] ? i : best), 0);
    if (endMargin(at) >= margins[k]) return { exponent: Infinity, margin: endMargin(at) };
    if (k === 0 || k === logs.length - 1) return { exponent: NaN, margin: margins[k] };
    const best = highestBetween(margin, logs[k - 1], logs[k + 1]);
    return { exponent: Math.exp(best), margin: margin(best) };
  }

  function highestBetween(f, low, high) {  // by golden section: no parabola fits where the curve is flat on one side
    const share = (Math.sqrt(5) - 1) / 2;
    let [a, b] = [high - share * (high - low), low + share * (high - low)], [fa, fb] = [f(a), f(b)];
    for (let round = 0; round < 40; round += 1) {
      if (fa < fb) {
        [low, a, fa] = [a, b, fb];
        b = low + share * (high - low);
        fb = f(b);
      } else {
        [high, b, fb] = [b, a, fa];
        a = high - share * (high - low);
        fa = f(a);
      }
    }
    return (low + high) / 2;
  }

  // ---- Part II: the flow of the particles

  function meanFieldFlow({ sigma, phi, particles, epsilon }, times) {
    const m = particles, degree = sigma.length;
    const state = new Float64Array(2 * m), change = new Float64Array(2 * m), middle = new Float64Array(2 * m);
    for (let i = 0; i < m; i += 1) state[i] = (2 * i + 1 - m) / m;
    const left = new Float64Array(degree);
    const residuals = (at) => {
      for (let k = 0; k < degree; k += 1) left[k] = 0;
      for (let i = 0; i < m; i += 1) for (let k = 0, product = at[i]; k < degree; k += 1, product *= at[m + i]) left[k] += product;
      for (let k = 0; k < degree; k += 1) left[k] = phi[k] - (sigma[k] * left[k]) / m;
    };
    const force = (at, out) => {
      residuals(at);
      for (let i = 0; i < m; i += 1) {
        const s = at[m + i];
        let value = 0, slope = 0;
        for (let k = degree - 1; k >= 0; k -= 1) {
          slope = slope * s + value;
          value = value * s + sigma[k] * left[k];
        }
        out[i] = value / epsilon;
        out[m + i] = at[i] * (1 - s * s) * slope;
      }
    };
    const stages = [1, 2, 3, 4].map(() => new Float64Array(2 * m));
    const step = (h) => {  // the classical method of order 4
      [0, h / 2, h / 2, h].forEach((part, k) => {
        for (let i = 0; i < 2 * m; i += 1) middle[i] = state[i] + (k ? part * stages[k - 1][i] : 0);
        force(middle, stages[k]);
      });
      for (let i = 0; i < 2 * m; i += 1) state[i] += (h / 6) * (stages[0][i] + 2 * stages[1][i] + 2 * stages[2][i] + stages[3][i]);
    };
    let now = 0;
    return times.map((time) => {
      const steps = Math.ceil((time - now) / Math.min(0.4 * epsilon, 0.004));
      for (let k = 0; k < steps; k += 1) step((time - now) / steps);
      now = time;
      residuals(state);
      return { a: Array.from(state.slice(0, m)), s: Array.from(state.slice(m)), risk: sum([...left].map((e) => e * e)) / 2 };
    });
  }

  function linearGrowth({ kappa, push, wanted, variance }, { epsilon, m, d }) {
    const rate = Math.abs(kappa) / Math.sqrt(epsilon), damping = push / (2 * m * epsilon);
    const growth = Math.hypot(damping, rate), net = rate * (rate / (growth + damping));
    return (t) => {
      const fading = Math.exp(-2 * growth * t);
      const ofWeights = (net + (growth + damping) * fading) / (2 * growth);
      const ofOverlaps = (growth + damping + net * fading) / (2 * growth);
      const mixed = (-rate * Math.expm1(-2 * growth * t)) / (2 * growth);
      const product = Math.sqrt(epsilon) * mixed * (ofWeights * variance + ofOverlaps / (d * epsilon));
      return (product * Math.exp(2 * net * t)) / wanted;
    };
  }

  function timeToReach(curve, level, last) {
    let [low, high] = [0, last];
    while (curve(high) < level) high *= 2;
    for (let k = 0; k < 80; k += 1) {
      const between = (low + high) / 2;
      if (curve(between) < level) low = between; else high = between;
    }
    return high;
  }

  function cloudOf(x, y, reach) {
    const order = x.map((_, i) => i).sort((i, j) => x[i] - x[j]);
    return { x: order.map((i) => x[i]), y: [order.map((i) => y[i])], marks: [], reach: reach.map((one) => 1.1 * one) };
  }

  const largest = (values) => Math.max(...values.map(Math.abs));

  // ---- what each figure shows at a setting: one entry a chart with x, one y a curve, and upright lines; and a sentence

  const FORMULAS = {
    errors(table, at, { first, last }) {
      const measures = spectralMeasures(at);
      const x = logspace(first, last, 121);
      const moments = x.map((t) => momentsAt(measures, at, at.alpha * t));
      const y = [moments.map((one) => gaussianTail(one.fresh)), moments.map((one) => gaussianTail(one.training))];
      const best = bestStop(at, measures), time = best.exponent / at.alpha, least = gaussianTail(best.margin);
      const now = momentsAt(measures, at, at.alpha * at.t);
      const advice = time === Infinity
        ? `Never stop: the error on new points is least at the end of training, ${resolved(least)}.`
        : Number.isNaN(time) ? "The best time lies beyond the curve."
          : `Stop at t = ${short(time)}: there the error on new points is least, ${resolved(least)}.`;
      return {
        charts: [{ x, y, marks: [{ x: at.t, label: "t" }, { x: time, label: "stop" }] }],
        values: { time, least, fresh: gaussianTail(now.fresh), training: gaussianTail(now.training) },
        reading: `${advice} At t = ${short(at.t)} it is ${resolved(gaussianTail(now.fresh))}, and on training points ${resolved(gaussianTail(now.training))}.`,
      };
    },

    filter(table, at, { low, high }) {
      const measures = spectralMeasures(at), exponent = at.alpha * at.t, spike = spikeOf(at);
      const x = linspace(low, high, 300), out = at.mu_norm2 ** 2 > at.c;
      const density = x.map((one) => noiseDensity(one, at.c));
      const highest = Math.max(...density);
      const now = momentsAt(measures, at, exponent);
      const learnt = -Math.expm1(-exponent * (out ? spike : bulkEdges(at.c)[1])), slowest = -Math.expm1(-exponent * bulkEdges(at.c)[0]);
      return {
        charts: [{
          x, y: [x.map((one) => -Math.expm1(-exponent * one)), x.map((one) => Math.exp(-exponent * one)), density.map((one) => one / highest)],
          marks: out ? [{ x: spike, label: "signal" }] : [],
        }],
        values: { start: now.start, fresh: gaussianTail(now.fresh), training: gaussianTail(now.training) },
        reading: `After ${short(at.t)} steps ${out ? "the eigenvalue of the signal" : "the upper edge"} is learnt to ${percent(learnt)}, the lower edge of the bulk to ` +
          `${percent(slowest)}, and ${percent(now.start)} of the start is left. Error on new points: ${resolved(gaussianTail(now.fresh))}.`,
      };
    },

    spectrum(table, at, { high }) {
      const { mu_norm2: signal, c } = at, edges = bulkEdges(c), spike = spikeOf(at), out = signal ** 2 > c;
      const x = [...linspace(Math.max(edges[0], 1e-3), edges[1], 240), ...linspace(edges[1] + 1e-6, high, 60)];
      const overlap = Math.max(0, (signal ** 2 - c) / (signal * (signal + c)));
      const share = Math.max(0, 1 - c / signal ** 2);
      return {
        charts: [{
          x, y: [x.map((one) => noiseDensity(one, c)), x.map((one) => root(one, edges) / (2 * Math.PI * (spike - one) * signal))],
          marks: out ? [{ x: spike, label: "signal" }] : [],
        }],
        values: { spike: out ? spike : edges[1], overlap, share },
        reading: out
          ? `One eigenvalue stands at ${short(spike)}, beyond the bulk, which ends at ${short(edges[1])}. It carries ${percent(share)} of the signal, and its eigenvector makes a squared cosine of ${short(overlap)} with μ.`
          : `No eigenvalue leaves the bulk, which ends at ${short(edges[1])}: the signal ${short(signal)} is not above √c = ${short(Math.sqrt(c))}.`,
      };
    },

    staircase(table, at, constants) {
      const { risk, degrees } = constants[at.target];
      const x = table(`time ${at.target}`).map((log) => 10 ** log);
      const times = table(`learnt ${at.target}`).map((log) => 10 ** log);
      return {
        charts: [{ x, y: [risk], marks: times.map((time, k) => ({ x: time, label: `T${"₀₁₂₃"[degrees[k]]}` })) }],
        values: { times },
        reading: `At ε = ${short(at.epsilon)}, half is learnt ` +
          times.map((time, k) => `of degree ${degrees[k]} at t = ${short(time)}`).join(", ") + ".",
      };
    },

    stairs(table, at, { risk, neurons }) {
      const logs = table("time"), times = table("learnt").map((log) => 10 ** log), x = logs.map((log) => 10 ** log);
      const place = (at.progress / 100) * (x.length - 1), k = Math.min(Math.floor(place), x.length - 2);
      const between = (values) => values[k] + (place - k) * (values[k + 1] - values[k]);
      const now = 10 ** between(logs), height = between(risk);
      const units = { s: at.epsilon ** (1 / 6), a: at.epsilon ** (-1 / 3) };
      const paths = ["s", "a"].map((letter) => Array.from({ length: neurons }, (_, i) => table(`${letter}${i}`).map((one) => one * units[letter])));
      const [s, a] = paths.map((path) => path.map(between));
      return {
        charts: [
          { x, y: [risk], marks: [{ x: now, label: "now" }, ...times.map((time, j) => ({ x: time, label: `T${"₀₁₂"[j]}` }))] },
          cloudOf(s, a, paths.map((path) => largest(path.map(largest)))),
        ],
        values: { now, height, times, s, a },
        reading: `At ε = ${short(at.epsilon)} the risk is ${short(height, 2)} at t = ${short(now)}. Half is learnt ` +
          times.map((time, j) => `of degree ${j} at t = ${short(time)}`).join(", ") + ".",
      };
    },

    particles(table, at, { sigma, phi, particles, first, last, count }) {
      const x = logspace(first, last, count);
      const flow = meanFieldFlow({ sigma, phi: phi.map((one, k) => (k === 2 ? at.phi2 : one)), particles, epsilon: at.epsilon }, x);
      const place = Math.round((Math.log(at.t / first) / Math.log(last / first)) * (count - 1));
      const now = flow[place], risk = flow.map((one) => one.risk);
      return {
        charts: [
          { x, y: [risk], marks: [{ x: x[place], label: "now" }] },
          cloudOf(now.s, now.a, ["s", "a"].map((letter) => largest(flow.map((one) => largest(one[letter]))))),
        ],
        values: { x, risk, now: x[place], a: now.a, s: now.s },
        reading: `At t = ${short(x[place])} the risk is ${short(now.risk, 2)}, and the largest overlap of a neuron with the hidden direction is ${short(largest(now.s), 2)}.`,
      };
    },

    growth(table, at, constants) {
      const x = logspace(constants.first, constants.last, 160);
      const finite = linearGrowth(constants, at), limit = linearGrowth(constants, { epsilon: at.epsilon, m: Infinity, d: Infinity });
      const start = Math.sqrt(at.epsilon) / Math.abs(constants.kappa);
      const [time, unlimited] = [finite, limit].map((curve) => timeToReach(curve, 1, start));
      return {
        charts: [{ x, y: [finite, limit].map((curve) => x.map(curve)), marks: [{ x: time, label: "network" }, { x: unlimited, label: "limit" }] }],
        values: { time, unlimited },
        reading: `The network of ${at.m} neurons in ${at.d} dimensions learns degree 1 at t = ${short(time)}, the mean-field limit at ${short(unlimited)}: ` +
          `${time > unlimited ? "the network is later" : "the network is earlier"}. m√ε = ${short(at.m * Math.sqrt(at.epsilon))}, dε = ${short(at.d * at.epsilon)}.`,
      };
    },

    kernel(table, at) {
      const x = linspace(0, 180, 181);
      const limit = (angle) => (Math.cos(angle) * (Math.PI - angle)) / (2 * Math.PI);
      const spread = (angle) => {
        const active = (Math.PI - angle) / (2 * Math.PI);
        return Math.abs(Math.cos(angle)) * Math.sqrt((active * (1 - active)) / at.m);
      };
      const angles = x.map((one) => (one * Math.PI) / 180), here = (at.angle * Math.PI) / 180;
      return {
        charts: [{ x, y: [angles.map(limit), angles.map((one) => limit(one) + 2 * spread(one)), angles.map((one) => limit(one) - 2 * spread(one))], marks: [{ x: at.angle, label: "θ" }] }],
        values: { limit: limit(here), spread: spread(here) },
        reading: `Two points at an angle of ${short(at.angle)}° have the kernel ${short(limit(here))} (d + 1). That of a network of ${at.m} neurons scatters around it by ${short(spread(here))} (d + 1).`,
      };
    },

    widths(table, at, { epochs }) {
      const curves = ["outside", "distance", "displacement"].map((name) => table(name).map(Math.exp));
      const [outside, distance, travelled] = curves.map((curve) => valueAt(epochs, curve, at.t, (t) => t));
      return {
        charts: [{ x: epochs, y: curves, marks: [{ x: at.t, label: "k" }] }],
        values: { outside, distance, travelled },
        reading: `A network of ${at.m} neurons is, after ${short(at.t, 5)} steps, at a squared distance of ${short(distance)} from the nearest solution, of which ${short(outside)} lie outside the span. ` +
          `It has gone ${short(travelled)}.`,
      };
    },

    modes(table, at, { eigenvalues, squares, steps, last }) {
      const x = linspace(0, last, 101).map(Math.round);
      const speed = steps[at.loss] * at.eta * at.gain ** 2;
      const parts = (k) => {
        const left = eigenvalues.map((one) => (1 - speed * one) ** k);
        const weigh = (shares) => sum(shares.map((share, j) => (share * share * squares[j]) / eigenvalues[j])) / at.gain ** 2;
        return [weigh(left), weigh(left.map((one) => 1 - one))];
      };
      const curves = x.map(parts), [height] = curves[0];
      const half = x.find((_, k) => curves[k][0] <= height / 2);
      return {
        charts: [{ x, y: [0, 1].map((j) => curves.map((one) => one[j])), marks: half === undefined ? [] : [{ x: half, label: "half" }] }],
        values: { distance: curves.map((one) => one[0]), displacement: curves.map((one) => one[1]), x },
        reading: `The squared distance to the solution starts at ${short(height)} and ends at ${short(curves[curves.length - 1][0])}; ` +
          (half === undefined ? `half of it is not reached in ${last} steps.` : `half of it is reached by step ${half}.`),
      };
    },

    distances(table, at, { epochs }) {
      const y = ["perpendicular", "distance", "displacement", "distance limit", "displacement limit"].map((name) => table(name).map(Math.exp));
      const [outside, distance, start] = y.map((curve) => valueAt(epochs, curve, at.t));
      return {
        charts: [{ x: epochs, y, marks: [{ x: at.t, label: "k" }] }],
        values: { outside, distance, start },
        reading: `After ${short(at.t)} steps, squared distances: outside the span ${resolved(outside)}, to the linear solution ${resolved(distance)}, from the start ${resolved(start)}.`,
      };
    },
  };

  // ---- charts

  let library;
  function loadLibrary() {
    library ??= new Promise((loaded, failed) => {
      const script = document.createElement("script");
      script.src = LIBRARY;
      script.onload = loaded;
      script.onerror = failed;
      document.head.append(script);
    });
    return library;
  }

  const plainColours = () => matchMedia("(forced-colors: active)").matches;
  const inkOf = (node) => getComputedStyle(node).color;
  const colourOf = (node, k) => (plainColours() ? inkOf(node) : STYLES[k][0]);
  const tickText = (x) => (x === null ? "" : x !== 0 && (Math.abs(x) < 0.01 || Math.abs(x) >= 1e4) ? short(x, 2) : String(Number(x.toPrecision(3))).replace("-", "−"));
  const scaleOf = ({ low, high, log }, reach) => ({ time: false, auto: false, distr: log ? 3 : 1, range: () => (low === null ? [-reach(), reach()] : [low, high]) });

  function fewTicks(splits, { log, low, high }) {
    if (!log) return splits;
    const every = Math.ceil(Math.log10(high / low) / 6);
    return splits.map((x) => (Number.isInteger(Math.round(Math.log10(x) * 1e6) / 1e6 / every) ? x : null));
  }

  function axisOf(box, axis, side) {
    const ink = () => inkOf(box);
    return {
      scale: side === 2 ? "x" : "y", side, label: axis.label, stroke: ink, font: "13px system-ui", labelFont: "13px system-ui",
      labelSize: 22, size: side === 2 ? 34 : 52, space: side === 2 ? 60 : 30, grid: { stroke: "#7d7d7d44", width: 1 }, ticks: { stroke: GREY, width: 1 },
      filter: (_, splits) => fewTicks(splits, axis), values: (_, splits) => splits.map(tickText),
    };
  }

  function drawMarks(plot, box, marks) {
    const { ctx, bbox } = plot, density = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = inkOf(box);
    ctx.font = `${13 * density}px system-ui`;
    ctx.lineWidth = density;
    ctx.setLineDash([3 * density, 3 * density]);
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    marks.filter(({ x }) => x >= plot.scales.x.min && x <= plot.scales.x.max).forEach(({ x, label }, k) => {
      const at = plot.valToPos(x, "x", true), width = ctx.measureText(label).width + 5 * density;
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      const place = at + width > bbox.left + bbox.width ? at - width : at + 4 * density;
      ctx.fillText(label, place, bbox.top + (14 + 16 * (k % 4)) * density);
    });
    ctx.restore();
  }

  function seriesOf(box, spec) {
    const format = (_, value) => (value === null ? "–" : short(value));
    const curves = spec.curves.map((label, k) => ({
      label, value: format, stroke: () => colourOf(box, k), width: 2, dash: STYLES[k][1], spanGaps: true,
      ...(spec.points
        ? { paths: () => null, points: { show: true, size: 9, width: 2, stroke: () => colourOf(box, k), fill: () => colourOf(box, k) } }
        : { points: { show: false } }),
    }));
    return [{ label: spec.x.label, value: format }, ...curves];
  }

  function newChart(box, spec) {
    const shown = { marks: [], reach: [1, 1] };
    const plot = new uPlot({
      width: box.clientWidth, height: HEIGHT, series: seriesOf(box, spec),
      scales: { x: scaleOf(spec.x, () => shown.reach[0]), y: scaleOf(spec.y, () => shown.reach[1]) },
      axes: [axisOf(box, spec.x, 2), axisOf(box, spec.y, 3)],
      cursor: { drag: { x: false, y: false }, y: false },
      legend: { markers: { width: 3, dash: (_, k) => STYLES[k - 1][2], fill: () => "transparent", stroke: (_, k) => colourOf(box, k - 1) } },
      hooks: { draw: [(drawn) => drawMarks(drawn, box, shown.marks)] },
    }, undefined, box);
    new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: HEIGHT })).observe(box);
    const visible = (y) => (Number.isFinite(y) && !(spec.y.log && y <= 0) ? y : null);
    return {
      show({ x, y, marks, reach }) {
        Object.assign(shown, { marks, reach });
        plot.setData([x, ...y.map((curve) => curve.map(visible))]);
      },
      redraw() { plot.redraw(false); },
    };
  }

  // ---- controls

  const clamped = (value, { low, high }) => Math.min(Math.max(value, low), high);

  function valueOf(control, position, digits = 3) {
    const share = position / POSITIONS, { low, high, log, whole } = control;
    if (share === 0 || share === 1) return share ? high : low;
    const value = log ? low * (high / low) ** share : low + (high - low) * share;
    return clamped(whole ? Math.round(value) : Number(value.toPrecision(digits)), control);
  }

  function fieldText(value) {  // short enough for the field, and a number that one can type
    const rounded = Number(value.toPrecision(5));
    return rounded !== 0 && Math.abs(rounded) < 1e-3 ? rounded.toExponential() : String(rounded);
  }

  function placeOf({ low, high, log }, value) {
    return POSITIONS * (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  }

  function allowed(control, text) {  // the value that a text stands for, or undefined
    if (control.options) return control.options.includes(text) ? text : undefined;
    const value = Number(text);
    return text !== "" && text !== null && value >= control.low && value <= control.high && (!control.whole || Number.isInteger(value)) ? value : undefined;
  }

  function startsOf(controls) {
    return Object.fromEntries(controls.map((control) => [control.name, control.start]));
  }

  function settingFromAddress(key, controls) {
    const [place, words] = decodeURIComponent(location.hash.slice(1)).split("?");
    if (place !== key || words === undefined) return undefined;
    const given = new URLSearchParams(words), setting = startsOf(controls);
    for (const control of controls) setting[control.name] = allowed(control, given.get(control.name)) ?? control.start;
    return setting;
  }

  // ---- one interactive figure

  function start(root) {
    const content = JSON.parse(root.querySelector("script").textContent);
    const { controls, formula, tables, constants, presets, play } = content;
    const form = root.querySelector("form"), reading = root.querySelector(".reading"), spoken = root.querySelector("[aria-live]");
    const boxes = content.charts.map(() => {
      const box = document.createElement("div");
      box.className = "chart";
      box.setAttribute("role", "img");
      root.querySelector(".charts").append(box);
      return box;
    });
    let setting = startsOf(controls), charts = [], pause, playing;

    const stateAt = (at) => FORMULAS[formula]((name) => curveAt(tables[name], at), at, constants);

    function showControls() {
      for (const control of controls) {
        const { name } = control, value = setting[name], field = form.elements[name];
        if (control.options) { field.value = value; continue; }
        field.value = placeOf(control, value);
        field.setAttribute("aria-valuetext", short(value));
        const number = form.elements[`${name} number`];
        if (document.activeElement !== number) number.value = fieldText(value);
      }
      root.querySelector(".setting").href = `#${root.id}?${new URLSearchParams(setting)}`;
    }

    function update() {
      const now = stateAt(setting);
      showControls();
      charts.forEach((chart, k) => chart.show(now.charts[k]));
      reading.textContent = now.reading;
      boxes.forEach((box) => box.setAttribute("aria-label", `Chart. ${now.reading}`));
      clearTimeout(pause);
      pause = setTimeout(() => { spoken.textContent = now.reading; }, SPOKEN_AFTER);
    }

    function change(values) {
      setting = { ...setting, ...values };
      update();
    }

    form.addEventListener("input", ({ target }) => {
      const control = controls.find(({ name }) => name === target.name.replace(/ number$/, ""));
      if (!control) return;
      if (control.name === play) stop();
      if (target.type === "range") return change({ [control.name]: valueOf(control, Number(target.value)) });
      const value = allowed(control, target.value);
      target.setAttribute("aria-invalid", String(value === undefined));
      if (value !== undefined) change({ [control.name]: value });
    });
    form.addEventListener("change", ({ target }) => {  // what is not allowed is put at the nearer end when the field is left
      const control = controls.find(({ name }) => `${name} number` === target.name);
      if (!control) return;
      const value = Number(target.value);
      if (target.value !== "" && Number.isFinite(value)) change({ [control.name]: clamped(control.whole ? Math.round(value) : value, control) });
      target.value = fieldText(setting[control.name]);
      target.removeAttribute("aria-invalid");
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      stop();
      change(startsOf(controls));
    });
    root.querySelectorAll(".preset").forEach((button, k) => button.addEventListener("click", () => {
      stop();
      change({ ...startsOf(controls), ...presets[k] });
    }));

    // Play: nothing moves by itself; where readers want less motion each press is a step.
    const button = root.querySelector(".play"), played = controls.find(({ name }) => name === play);
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const nameButton = () => { if (button) button.textContent = still.matches ? "Next step" : playing ? "Pause" : "Play"; };

    function stop() {
      cancelAnimationFrame(playing);
      playing = undefined;
      nameButton();
    }

    function moveTo(position) {
      change({ [play]: valueOf(played, Math.min(position, POSITIONS), 5) });
    }

    function run() {  // the place is a time, and no value that was rounded: steps of a frame may be too small for a whole number
      const from = placeOf(played, setting[play]);
      let began;
      const frame = (now) => {
        began ??= now;
        const position = from + ((now - began) / PLAYING) * POSITIONS;
        moveTo(position);
        if (position < POSITIONS) playing = requestAnimationFrame(frame); else stop();
      };
      playing = requestAnimationFrame(frame);
      nameButton();
    }

    button?.addEventListener("click", () => {
      if (playing !== undefined) return stop();
      if (setting[play] >= played.high) change({ [play]: played.low });
      if (still.matches) moveTo(placeOf(played, setting[play]) + 0.1 * POSITIONS); else run();
    });
    still.addEventListener("change", stop);
    nameButton();

    // The address of the page can hold a setting.
    function readAddress() {
      const given = settingFromAddress(root.id, controls);
      if (!given) return;
      stop();
      change(given);
      root.scrollIntoView();
    }
    addEventListener("hashchange", readAddress);

    async function drawCharts() {
      await loadLibrary();
      charts = boxes.map((box, k) => newChart(box, content.charts[k]));
      const redraw = () => charts.forEach((chart) => chart.redraw());
      new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      matchMedia("(forced-colors: active)").addEventListener("change", redraw);
      update();
      root.dataset.drawn = "";
    }

    new IntersectionObserver((seen, observer) => {
      if (!seen.some((one) => one.isIntersecting)) return;
      observer.disconnect();
      drawCharts();
    }).observe(root.querySelector(".charts"));
    update();
    readAddress();
    root.state = (values) => stateAt({ ...startsOf(controls), ...values });
    root.setting = () => setting;
  }

  document.querySelectorAll(".explorer").forEach(start);
})();
