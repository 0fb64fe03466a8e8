// Drag a box on the drawing of durations: it sets the parameters from, to, over and under of this page.
const plane = document.getElementById("scatter");

const drag = () => {
  const { start, end, low, high } = Object.fromEntries(Object.entries(plane.dataset).map(([name, text]) => [name, Number(text)]));
  const logarithmic = plane.dataset.logarithmic !== undefined;
  let first = null;
  let frame = null;

  const place = (event) => {
    const area = plane.getBoundingClientRect();
    const share = (value, size) => Math.min(Math.max(value / size, 0), 1);
    return [share(event.clientX - area.left, area.width), share(event.clientY - area.top, area.height)];
  };
  const seconds = (top) => (logarithmic ? low * (high / low) ** (1 - top) : low + (high - low) * (1 - top));
  const sides = (now) => [0, 1].map((at) => [first[at], now[at]].sort((one, other) => one - other));

  plane.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    first = place(event);
    frame = document.createElementNS(plane.namespaceURI, "rect");
    frame.setAttribute("class", "frame");
    plane.append(frame);
    plane.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  plane.addEventListener("pointermove", (event) => {
    if (!first) return;
    const [[left, right], [top, bottom]] = sides(place(event));
    const set = { x: left, y: top, width: right - left, height: bottom - top };
    for (const [name, share] of Object.entries(set)) frame.setAttribute(name, `${100 * share}%`);
  });
  const stop = () => {
    frame?.remove();
    first = frame = null;
  };
  plane.addEventListener("pointercancel", stop);
  plane.addEventListener("pointerup", (event) => {
    if (!first) return;
    const [[left, right], [top, bottom]] = sides(place(event));
    stop();
    if (right - left < 0.005 || bottom - top < 0.01) return;
    const to = new URL(location.href);
    const moment = (share) => new Date(1000 * (start + share * (end - start))).toISOString();
    const took = (top) => `${(1000 * seconds(top)).toFixed(3)}ms`;
    // The window stays the one that is drawn, also where it ends now.
    to.searchParams.set("since", new Date(1000 * start).toISOString());
    to.searchParams.set("until", new Date(1000 * end).toISOString());
    to.searchParams.set("from", moment(left));
    to.searchParams.set("to", moment(right));
    to.searchParams.set("over", took(bottom));
    to.searchParams.set("under", took(top));
    location.assign(to);
  });
  plane.classList.add("dragged");
  document.getElementById("hint").hidden = false;
};

if (plane) drag();
