// Keys for those who use no mouse. They do nothing in fields and with modifiers, and can be switched off (WCAG 2.1.4).
const OFF = "aiops-keys-off";
const LISTS = "main .cards h3 a, main tbody th a, main .tiles .name a, main .rows li > a:first-of-type";
const PATIENCE = 1500; // milliseconds from g to the next key
let pressed = -Infinity;

const off = () => localStorage.getItem(OFF) !== null;
const link = () => document.querySelector("footer a.keys");

const chosen = (box) => {
  box.checked = !off();
  box.parentElement.hidden = false;
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
};

const help = async () => {
  try {
    const answer = await fetch(link().href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const dialog = document.createElement("dialog");
    dialog.className = "keys";
    dialog.setAttribute("aria-label", "Keys");
    dialog.append(page.getElementById("keys"));
    const close = document.createElement("button");
    close.textContent = "Close";
    close.autofocus = true;
    close.addEventListener("click", () => dialog.close());
    dialog.append(close);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    chosen(dialog.querySelector("#keys-on"));
    dialog.showModal();
  } catch {
    location.assign(link().href);
  }
};

const move = (by) => {
  const all = [...document.querySelectorAll(LISTS)].filter((one) => one.checkVisibility());
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
};

const search = () => {
  const field = [...document.querySelectorAll("main input[type=search]")].find((one) => one.checkVisibility());
  if (field) field.select();
  else location.assign(`${link().dataset.search}#search`);
};

const inList = () => document.activeElement?.matches(LISTS);
const keys = {
  "?": help,
  "/": search,
  j: () => move(1),
  k: () => move(-1),
  o: () => inList() && document.activeElement.click(),
  a: () => document.getElementById("ack")?.focus(),
};

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing || off()) return;
  const after = event.timeStamp - pressed < PATIENCE;
  pressed = event.key === "g" && !after ? event.timeStamp : -Infinity;
  const page = after && document.querySelector(`.top nav a[data-key="${CSS.escape(event.key)}"]`);
  const arrow = inList() && { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const act = page ? () => page.click() : arrow ? () => move(arrow) : !after && Object.hasOwn(keys, event.key) && keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const box = document.querySelector("main #keys-on");
if (box) chosen(box);
if (location.hash === "#search") document.getElementById("search")?.focus();
