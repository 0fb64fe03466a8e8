// Keep the page fresh without losing what is being typed, selected or read.
const SECONDS = 10;

const busy = () => {
  const field = document.querySelector("main input:not([type=hidden])");
  const selecting = getSelection()?.type === "Range";
  return document.hidden || selecting || (field && (field.value || field === document.activeElement));
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
    document.querySelector("main").replaceWith(fresh);
    document.querySelector("footer").replaceWith(page.querySelector("footer"));
    document.title = page.title;
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
};

if (document.body.dataset.live !== undefined) setInterval(refresh, 1000 * SECONDS);
