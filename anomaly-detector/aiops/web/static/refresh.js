// Keep the page fresh without losing what is being typed, selected or read.
const SECONDS = 10;

const busy = () => {
  const fields = [...document.querySelectorAll("main input:not([type=hidden]), main select")];
  const selecting = getSelection()?.type === "Range";
  const used = (one) => one === document.activeElement || (one.type !== "range" && "defaultValue" in one && one.value !== one.defaultValue);
  return document.hidden || selecting || fields.some(used);
};

const refresh = async () => {
  if (busy()) return;
  const lost = document.getElementById("lost");
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    const focus = document.activeElement?.id;
    const old = document.querySelector("main");
    const places = [...old.querySelectorAll(".scroll")].map((one) => [one.scrollLeft, one.scrollTop]);
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    old.replaceWith(fresh);
    fresh.querySelectorAll(".scroll").forEach((one, at) => one.scrollTo(...(places[at] ?? [0, 0])));
    fresh.querySelectorAll("details").forEach((one, at) => (one.open = open[at] ?? one.open));
    document.querySelector("footer").replaceWith(page.querySelector("footer"));
    document.title = page.title;
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
};

if (document.body.dataset.live !== undefined) setInterval(refresh, 1000 * SECONDS);
