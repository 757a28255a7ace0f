// The box below a chapter's parameters: fields, checks in the words of the command line, and commands to copy.
"use strict";
const runBox = (() => {
  // ---- values, as Python reads and writes them

  const LONGEST_SHOWN = 60;
  const MOST_DIGITS = 4300;  // of a whole number that Python reads
  const SPACE = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
  const ENDS = new RegExp(`^${SPACE}|${SPACE}$`, "g");
  const DIGITS = "[0-9]+(?:_[0-9]+)*";
  const WHOLE = new RegExp(`^[+-]?${DIGITS}$`);
  const NUMBER = new RegExp(`^[+-]?(?:(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:e[+-]?${DIGITS})?|(inf|infinity)|(nan))$`, "i");
  const TRUTH = { true: true, yes: true, on: true, false: false, no: false, off: false };

  const stripped = (text) => text.replace(ENDS, "");

  function writtenFloat(x) {
    if (Number.isNaN(x)) return "nan";
    if (!Number.isFinite(x)) return x < 0 ? "-inf" : "inf";
    const [digits, power] = x.toExponential().split("e"), size = Number(power);
    if (x !== 0 && (size < -4 || size >= 16)) return `${digits}e${size < 0 ? "-" : "+"}${String(Math.abs(size)).padStart(2, "0")}`;
    const text = Object.is(x, -0) ? "-0" : String(x);
    return text.includes(".") ? text : `${text}.0`;
  }

  function writtenText(text) {  // with quotation marks, and signs that nobody sees as codes
    const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
    const hex = (code) => (code < 256 ? `\\x${code.toString(16).padStart(2, "0")}`
      : code < 65536 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`);
    const sign = (one) => {
      if (one === quote || one === "\\") return `\\${one}`;
      const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[one];
      return named ?? (one !== " " && /[\p{C}\p{Z}]/u.test(one) ? hex(one.codePointAt(0)) : one);
    };
    return quote + Array.from(text, sign).join("") + quote;
  }

  function shown(written) {  // as it stands in a sentence
    const signs = [...written];
    return signs.length <= LONGEST_SHOWN ? written : `${signs.slice(0, LONGEST_SHOWN).join("")}… (${signs.length} characters)`;
  }

  // A value is {type, value, text}: a number or text for the rules, and what Python writes for it; a list is {type, items}.
  function read(text, type) {
    if (type.startsWith("list[")) {
      const inner = text.length > 1 && text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
      const items = inner.split(",").map((item) => read(stripped(item), type.slice(5, -1)));
      return items.includes(undefined) ? undefined : { type, items };
    }
    const made = (value, written) => ({ type, value, text: written });
    if (type === "int" && WHOLE.test(text)) {
      const digits = text.replace(/[+_-]/g, "");
      if (digits.length > MOST_DIGITS) return undefined;
      const whole = text.startsWith("-") ? -BigInt(digits) : BigInt(digits);
      return made(Number(whole), String(whole));
    }
    if (type === "float" && NUMBER.test(text)) {
      const [, infinite, none] = text.match(NUMBER);
      const value = none ? NaN : infinite ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text.replace(/_/g, ""));
      return made(value, writtenFloat(value));
    }
    if (type === "bool" && Object.hasOwn(TRUTH, text.toLowerCase())) {
      const value = TRUTH[text.toLowerCase()];
      return made(value, value ? "True" : "False");
    }
    return type === "str" ? made(text, text) : undefined;
  }

  const choicesOf = (allowed) => allowed.slice(1, -1).split(",").map(stripped);

  function isAllowed({ type, value, text }, allowed) {
    if (!allowed) return type !== "float" || Number.isFinite(value);
    if (allowed.startsWith("{")) return choicesOf(allowed).includes(text);
    const [low, high] = allowed.slice(1, -1).split(",").map((edge) => read(stripped(edge), "float").value);
    return (allowed.startsWith("[") ? value >= low : value > low) && (allowed.endsWith("]") ? value <= high : value < high);
  }

  const inSentence = ({ type, text }) => shown(type === "str" ? writtenText(text) : text);

  // ---- the sentences of the command line

  function checked(parameter, typed) {  // a value, or what is wrong with it
    const { name, type, allowed } = parameter, text = stripped(typed), value = read(text, type);
    if (!value) return { error: `${name} must be of type ${type}, got ${shown(writtenText(text))}.` };
    const refused = (value.items ?? [value]).find((item) => !isAllowed(item, allowed));
    if (refused) return { error: `${name} must be ${allowed ? `in ${allowed}` : "finite"}, got ${inSentence(refused)}.` };
    return quoted(asText(value)) === undefined
      ? { error: `a value in a command must do without signs that shells read differently, got ${inSentence(value)}.` } : { value };
  }

  // ---- rules that join parameters: a tree is a number, a name, or a list of an operator and its parts

  function defined(value) {  // where Python raises an error, a rule does not hold
    if (!Number.isFinite(value)) throw new RangeError();
    return value;
  }

  function remainder(a, b) {
    const rest = defined(a % b);
    return rest && rest < 0 !== b < 0 ? rest + b : rest;
  }

  function quotient(a, b) {
    const ratio = (a - remainder(a, b)) / b, below = Math.floor(ratio);
    return ratio - below > 0.5 ? below + 1 : below;
  }

  const OPERATORS = {
    "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => defined(a / b), "**": (a, b) => defined(a ** b),
    "%": remainder, "//": quotient, negative: (a) => -a, positive: (a) => a, max: Math.max, min: Math.min, sqrt: (a) => defined(Math.sqrt(a)),
    "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b, "==": (a, b) => a === b,
    "!=": (a, b) => a !== b, not: (a) => !a,
  };

  function computed(tree, values) {
    if (typeof tree === "string") return values[tree];
    if (!Array.isArray(tree)) return tree;
    const [operator, ...parts] = tree;
    if (operator === "and") return parts.every((part) => computed(part, values));
    if (operator === "or") return parts.some((part) => computed(part, values));
    return OPERATORS[operator](...parts.map((part) => computed(part, values)));
  }

  function holds(formula, values) {
    try {
      return Boolean(computed(formula, values));
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  function brokenRule(need, values) {  // nothing where a rule holds, is left to the command, or has no values yet
    if (need.formula === null || need.names.some((name) => !values[name] || values[name].items)) return undefined;
    if (holds(need.formula, Object.fromEntries(need.names.map((name) => [name, values[name].value])))) return undefined;
    const given = need.names.map((name) => `${name} = ${inSentence(values[name])}`).join(", ");
    return `the chapter needs ${need.words}, got ${given}.`;
  }

  function assessed(content, texts) {  // texts: name → what is typed
    const values = {}, errors = {};
    for (const parameter of content.parameters) {
      const { value, error } = checked(parameter, texts[parameter.name]);
      if (error) errors[parameter.name] = error; else values[parameter.name] = value;
    }
    return { values, errors, broken: content.needs.map((need) => brokenRule(need, values)) };
  }

  // ---- commands for a POSIX shell and PowerShell; run_commands.py writes them in the same way

  const asText = ({ items, text }) => (items ? items.map(asText).join(",") : text);

  function quoted(text) {
    if (/^[A-Za-z0-9_][A-Za-z0-9_.=+/-]*$/.test(text)) return text;
    return /^[^"$`\\!\n]*$/.test(text) ? `"${text}"` : undefined;
  }

  function asYaml({ type, text }) {
    if (type === "str") return `'${text.replace(/'/g, "''")}'`;
    return type === "float" && text.includes("e") && !text.includes(".") ? text.replace("e", ".0e") : text;
  }

  function papermillOption(name, value) {
    if (value.items) return `-y ${quoted(`${name}: [${value.items.map(asYaml).join(", ")}]`)}`;
    return `${value.type === "str" ? "-r" : "-p"} ${name} ${quoted(value.text)}`;
  }

  function changed(content, values, preset) {  // names of what differs from a preset, in the order of the cell
    const same = (parameter) => {
      const base = read(content.presets[preset][parameter.name] ?? parameter.default, parameter.type);
      return asText(base) === asText(values[parameter.name]);
    };
    return content.parameters.filter((parameter) => !same(parameter)).map(({ name }) => name);
  }

  function commands(content, values, preset) {
    const { chapter } = content;
    const rerun = changed(content, values, preset).map((name) => `-p ${quoted(`${name}=${asText(values[name])}`)}`);
    const papermill = changed(content, values, "paper").map((name) => papermillOption(name, values[name]));
    const folder = `book/${chapter}`.replace(/\/[^/]*$/, "");
    return {
      rerun: ["python -m learning_dynamics rerun", chapter, ...(preset === "paper" ? [] : ["--preset", preset]), ...rerun].join(" "),
      papermill: [`papermill book/${chapter}.ipynb mine.ipynb --cwd ${folder}`, ...papermill].join(" "),
    };
  }

  // ---- the box

  const SPOKEN_AFTER = 700;
  const COPIED_FOR = 2000;

  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function newField({ name, type, allowed }) {
    const options = type === "bool" ? ["True", "False"] : allowed.startsWith("{") && !type.startsWith("list[") ? choicesOf(allowed) : [];
    const properties = { name, "aria-labelledby": `run-${name}`, "data-described": `run-${name}-range run-${name}-help` };
    if (options.length) return element("select", properties, ...options.map((option) => element("option", {}, option)));
    const whole = type === "int" && !/^.-/.test(allowed);  // pads of figures have no minus sign
    return element("input", { ...properties, type: "text", inputmode: whole ? "numeric" : "text", spellcheck: "false", autocapitalize: "off" });
  }

  async function copy(command) {  // whether it is on the clipboard; otherwise it is selected
    try {
      await navigator.clipboard.writeText(command.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(command);
      return document.execCommand("copy");
    }
  }

  function start(root) {
    const content = JSON.parse(root.querySelector("script").textContent), form = root.querySelector("form");
    const fields = Object.fromEntries(content.parameters.map((parameter) => [parameter.name, newField(parameter)]));
    const sentences = Object.fromEntries(content.parameters.map(({ name }) => [name, element("p", { class: "refused", id: `run-${name}-error` })]));
    const rules = [...root.querySelectorAll(".rules li")].map((rule, k) => {
      const sentence = element("p", { class: "refused", id: `run-rule-${k}` });
      rule.append(sentence);
      return sentence;
    });
    const spoken = element("p", { class: "visually-hidden", role: "status" });
    let preset = "paper", pause;

    for (const { name } of content.parameters) root.querySelector(`#run-${name}-value`).replaceChildren(fields[name], sentences[name]);

    const presets = Object.keys(content.presets).map((name) => {
      const button = element("button", { type: "button", "aria-pressed": "false" }, name);
      button.addEventListener("click", () => fill(name));
      return button;
    });
    const buttons = element("div", { class: "buttons", role: "group", "aria-label": "Presets" }, "Begin from ", ...presets,
      element("button", { type: "reset" }, "Reset"));
    form.prepend(buttons);
    form.append(spoken);

    const outputs = [...root.querySelectorAll(".command")].map((command) => {
      const name = command.previousElementSibling, what = name.textContent.replace(/:$/, "");
      const button = element("button", { type: "button", "aria-label": `Copy: ${what}` }, "Copy");
      button.addEventListener("click", async () => {
        const done = await copy(command);
        button.textContent = done ? "Copied" : "Selected";
        say(done ? "Copied." : "Selected: copy it with the keys of your system.", 0);
        setTimeout(() => { button.textContent = "Copy"; }, COPIED_FOR);
      });
      name.append(" ", button);
      return { command, button };
    });

    function say(words, after = SPOKEN_AFTER) {
      clearTimeout(pause);
      pause = setTimeout(() => { spoken.textContent = words; }, after);
    }

    function fill(name) {
      preset = name;
      for (const parameter of content.parameters) fields[parameter.name].value = content.presets[name][parameter.name] ?? parameter.default;
      update();
    }

    function mark(name, error, rule) {
      const field = fields[name], reasons = [...(error ? [sentences[name].id] : []), ...rule];
      field.setAttribute("aria-describedby", [...reasons, field.dataset.described].join(" "));
      field.setAttribute("aria-invalid", String(reasons.length > 0));
      sentences[name].textContent = error ?? "";
    }

    function update() {
      const texts = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
      const { values, errors, broken } = assessed(content, texts);
      broken.forEach((sentence, k) => { rules[k].textContent = sentence ?? ""; });
      for (const name of Object.keys(fields)) {
        mark(name, errors[name], rules.filter((_, k) => broken[k] && content.needs[k].names.includes(name)).map(({ id }) => id));
      }
      const wrong = [...Object.values(errors), ...broken.filter(Boolean)];
      const ready = wrong.length ? undefined : commands(content, values, preset);
      for (const { command, button } of outputs) {
        command.textContent = ready?.[command.dataset.command] ?? "The command stands here once the values are allowed.";
        command.classList.toggle("waiting", !ready);
        button.disabled = !ready;
      }
      for (const button of presets) button.setAttribute("aria-pressed", String(button.textContent === preset));
      say(wrong.join(" "));
    }

    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      fill("paper");
    });
    fill("paper");
    root.dataset.ready = "";
  }

  if (typeof document !== "undefined") document.querySelectorAll("details.run-box").forEach(start);
  return { assessed, commands, holds, checked };
})();
