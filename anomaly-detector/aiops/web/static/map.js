// A slider of time for the map: it asks for the page at that time, and takes over what that shows.
const PAUSE = 150;
const PARTS = ["map-when", "map-times", "map-view"];
let waiting, newest = 0;

const chosen = (slider) => {
  const at = Number(slider.dataset.start) + slider.value * slider.dataset.step;
  return slider.value === slider.max && slider.parentElement.dataset.end >= slider.parentElement.dataset.now ? null : at;
};

const address = (at) => {
  const url = new URL(location.href);
  if (at === null) url.searchParams.delete("at");
  else url.searchParams.set("at", new Date(1000 * Math.round(at)).toISOString());
  return url;
};

// Where the drawing is larger than the screen, begin with the cause, else with the users.
const look = () => {
  const place = document.querySelector(".map-scroll");
  const node = [".at-fault", ".hit", ".users"].map((one) => place?.querySelector(`.map ${one}`)).find(Boolean);
  if (!node) return;
  const wanted = node.getBoundingClientRect();
  const frame = place.getBoundingClientRect();
  place.scrollLeft += wanted.left + wanted.width / 2 - frame.left - frame.width / 2;
  place.scrollTop += wanted.top + wanted.height / 2 - frame.top - frame.height / 2;
};

const show = async (url) => {
  const mine = ++newest;
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (!answer.ok || mine !== newest) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const { scrollLeft: left = 0, scrollTop: top = 0 } = document.querySelector(".map-scroll") ?? {};
  for (const id of PARTS) document.getElementById(id).replaceWith(page.getElementById(id));
  document.querySelector(".map-scroll")?.scrollTo(left, top);
  document.title = page.title;
  history.replaceState(null, "", url);
};

document.documentElement.classList.add("scripted");
look();
document.addEventListener("input", ({ target }) => {
  if (target.id !== "time") return;
  const at = chosen(target);
  target.parentElement.querySelector("output").value =
    at === null ? "now" : `${new Date(1000 * at).toISOString().slice(11, 19)} UTC`;
  clearTimeout(waiting);
  waiting = setTimeout(() => show(address(at)), PAUSE);
});
