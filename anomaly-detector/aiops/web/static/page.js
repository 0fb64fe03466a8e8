// What pages do with script on top: they stay fresh, show times in the viewer's zone, and share a cursor between charts.
const SECONDS = 10;

const busy = () => {
  const fields = [...document.querySelectorAll("main input:not([type=hidden]), main textarea, main select")];
  const selecting = getSelection()?.type === "Range";
  const changed = (one) => one.type !== "range" && "defaultValue" in one && one.value !== one.defaultValue;
  return document.hidden || selecting || fields.some((one) => one === document.activeElement || changed(one));
};

// Times come in UTC. They are shown in the zone of the viewer; the title keeps UTC.
const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const moment = { ...clock, weekday: "short", day: "numeric", month: "short", timeZoneName: "short" };
const dated = { ...clock, day: "numeric", month: "short" };
const tick = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const written = (at, how) => new Intl.DateTimeFormat("en-GB", how).format(at);

const localize = () => {
  if (!new Date().getTimezoneOffset()) return;
  for (const one of document.querySelectorAll("time[datetime]:not([data-utc])")) {
    one.dataset.utc = one.textContent;
    one.title = one.dataset.form === "clock" ? one.title : one.textContent;
    one.textContent = written(new Date(one.dateTime), one.dataset.form === "clock" ? clock : moment);
  }
  const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts().find((one) => one.type === "timeZoneName").value;
  for (const one of document.querySelectorAll(".legend .zone, .plot .zone, .lanes .zone")) one.textContent = `times in ${zone}`;
  for (const one of document.querySelectorAll(".across text[data-at]")) {
    const text = one.textContent;
    if (!/:\d\d$/.test(text)) continue; // a date alone
    const time = /:\d\d:/.test(text) ? clock : tick;
    const how = /^\d/.test(text) ? time : { ...time, day: "numeric", month: "short" };
    one.textContent = written(new Date(1000 * one.dataset.at), how);
  }
};

// One cursor for all charts: each shows its values at the moment under the pointer.
const point = (event) => {
  const over = event.target.closest?.(".chart .plane")?.closest(".chart");
  const box = over?.querySelector(".plane").getBoundingClientRect();
  const share = box ? (event.clientX - box.left) / box.width : 0;
  const at = over ? +over.dataset.start + share * (over.dataset.end - over.dataset.start) : null;
  for (const one of document.querySelectorAll(".chart")) {
    const line = one.querySelector(".cursor");
    const reading = one.querySelector(".reading");
    if (!line) continue;
    const rows = (one.rows ??= JSON.parse(one.dataset.readings));
    const near = at === null ? null : rows.reduce((best, row) => (Math.abs(row[0] - at) < Math.abs(best[0] - at) ? row : best), rows[0]);
    line.setAttribute("visibility", near ? "visible" : "hidden");
    if (near) {
      const left = `${(100 * (near[0] - one.dataset.start)) / (one.dataset.end - one.dataset.start)}%`;
      line.setAttribute("x1", left);
      line.setAttribute("x2", left);
    }
    reading.textContent = near ? [written(new Date(1000 * near[0]), one.dataset.end - one.dataset.start > 86400 ? dated : clock), ...near.slice(1)].join(" · ") : "";
  }
};
addEventListener("pointermove", point);

const refresh = async () => {
  if (busy()) return;
  const lost = document.getElementById("lost");
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (new URL(answer.url).pathname === "/sign-in") return location.reload(); // the session is over
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    const held = document.activeElement;
    const old = document.querySelector("main");
    const places = [...old.querySelectorAll(".scroll")].map((one) => [one.scrollLeft, one.scrollTop]);
    const name = (one) => one.id || one.querySelector("summary")?.textContent;
    const open = new Map([...old.querySelectorAll("details")].map((one) => [name(one), one.open]));
    old.replaceWith(fresh);
    fresh.querySelectorAll(".scroll").forEach((one, at) => one.scrollTo(...(places[at] ?? [0, 0])));
    fresh.querySelectorAll("details").forEach((one) => (one.open = open.get(name(one)) ?? one.open));
    document.querySelector("footer").replaceWith(page.querySelector("footer"));
    document.title = page.title;
    const again = held?.id ? document.getElementById(held.id) : held?.href && [...fresh.querySelectorAll("a")].find((one) => one.href === held.href);
    if (again && !held.isConnected) again.focus({ preventScroll: true });
    localize();
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
};

localize();
if (document.body.dataset.live !== undefined) setInterval(refresh, 1000 * SECONDS);
