// Boxes over a picture: drawn with a mouse or a finger, or set, moved and sized by keys. The page hears of them
// once, when they are to be covered. Boxes are in pixels of the picture; what is shown is what will be filled.
// boxes.js comes before it, in one module.

const TAP = 6; // CSS pixels: whoever moves less than this has tapped
const BAND = 22; // how high a stroke along a line is at least
const STEP = 6; // what one press of a key moves; less of the picture where it is shown larger
const ZOOMS = [1, 1.5, 2, 3, 4, 6];
const editors = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".mask");
  if (!editors.has(root)) editors.set(root, new Editor(root));
  editors.get(root).show(data, setTriggerValue);
}

class Editor {
  constructor(root) {
    const one = (selector) => root.querySelector(selector);
    Object.assign(this, { root, view: one(".view"), sheet: one(".sheet"), image: one("img") });
    Object.assign(this, { warn: one(".warn"), count: one(".count"), live: one("[data-live]") });
    this.buttons = Object.fromEntries([...root.querySelectorAll("[data-do]")].map((b) => [b.dataset.do, b]));
    this.pointers = new Map();
    root.addEventListener("click", (event) => this.does(event.target.closest("[data-do]")?.dataset.do));
    this.image.addEventListener("error", () => this.failed(true));
    this.image.addEventListener("load", () => this.failed(false));
    this.sheet.addEventListener("pointerdown", (event) => this.down(event));
    this.sheet.addEventListener("pointermove", (event) => this.moved(event));
    for (const end of ["pointerup", "pointercancel"]) this.sheet.addEventListener(end, (e) => this.up(e));
    this.sheet.addEventListener("keydown", (event) => this.key(event));
    this.sheet.addEventListener("focusin", (event) => event.target.box && this.select(event.target.box));
  }

  // A rerun of the page brings the same picture again: what was drawn stays.
  show(data, tell) {
    this.tell = tell;
    if (this.data?.id !== data.id) {
      this.boxes = data.boxes.map(([x, y, w, h]) => ({ x, y, w, h }));
      this.on = undefined;
      this.zoom = 0;
    }
    this.data = data;
    this.busy = false;
    for (const node of this.root.querySelectorAll("[data-say]")) node.textContent = data.words[node.dataset.say];
    for (const name of ["smaller", "larger"]) this.buttons[name].ariaLabel = this.buttons[name].title = data.words[name];
    this.view.ariaLabel = this.image.alt = data.name;
    this.sheet.ariaLabel = data.words.sheet;
    say(this.root.querySelector(".problem"), data.problem);
    this.image.width = data.width;
    this.image.height = data.height;
    if (this.image.getAttribute("src") !== data.src) this.image.src = data.src;
    this.sheet.style.setProperty("--wide", `${data.width}px`);
    this.draw();
  }

  failed(yes) {
    this.broken = yes;
    this.root.querySelector(".failed").hidden = !yes;
    this.draw();
  }

  // ---- what is seen -----------------------------------------------------------------------------------------

  draw() {
    const { data, sheet, boxes, buttons, busy } = this;
    sheet.style.setProperty("--zoom", ZOOMS[this.zoom]);
    for (const [n, box] of boxes.entries()) {
      if (!box.node) box.node = this.made(box);
      place(box.node, around(box, data), data);
      box.node.className = `box${box === this.on ? " on" : ""}${this.hides(box).length ? " warned" : ""}`;
      box.node.ariaLabel = this.name(box, n);
      box.node.firstChild.textContent = n + 1;
    }
    const hidden = [...new Set(boxes.flatMap((box) => this.hides(box)))];
    say(this.warn, hidden.map((kind) => data.words[`hides_${kind}`]).join(" "));
    say(this.count, boxes.length ? filled(data.words.count, { count: boxes.length }) : data.words.none);
    const ready = boxes.length ? filled(data.words.cover, { count: boxes.length }) : data.words.cover_none;
    say(buttons.cover, busy ? data.words.busy : ready);
    buttons.cover.disabled = busy || !boxes.length || Boolean(this.broken);
    buttons.add.disabled = boxes.length >= data.most || Boolean(this.broken);
    buttons.drop.disabled = !this.on;
    buttons.smaller.disabled = !this.zoom;
    buttons.larger.disabled = this.zoom === ZOOMS.length - 1;
  }

  made(box) {
    const node = document.createElement("button");
    node.type = "button";
    node.setAttribute("aria-roledescription", this.data.words.role);
    node.append(document.createElement("b"));
    for (const at of ["nw", "ne", "sw", "se"]) node.append(Object.assign(document.createElement("i"), { ariaHidden: "true" }));
    [...node.querySelectorAll("i")].forEach((handle, n) => (handle.dataset.at = ["nw", "ne", "sw", "se"][n]));
    node.box = box;
    this.sheet.append(node);
    return node;
  }

  name(box, n) {
    const { width, height, words } = this.data;
    const per = (part, whole) => Math.round((100 * part) / whole);
    return filled(words.box, { n: n + 1, x: per(box.x, width), y: per(box.y, height), w: per(box.w, width), h: per(box.h, height) });
  }

  // Kinds of what was read and is to stay readable that this box fills.
  hides(box) {
    const a = around(box, this.data);
    return this.data.keep.filter(([, x, y, w, h]) => a.x < x + w && x < a.x + a.w && a.y < y + h && y < a.y + a.h).map(([kind]) => kind);
  }

  announce(text) {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => (this.live.textContent = text), 250); // the last of many presses
  }

  // ---- what is done -----------------------------------------------------------------------------------------

  does(what) {
    if (what === "add") this.add();
    if (what === "drop" && this.on) this.drop(this.on);
    if (what === "smaller" || what === "larger") this.scale(this.zoom + (what === "larger" ? 1 : -1));
    if (what === "cancel") this.tell("cancel", Date.now());
    if (what === "cover" && !this.busy && this.boxes.length) {
      this.busy = true;
      this.draw();
      this.tell("cover", this.boxes.map(({ x, y, w, h }) => {
        const [left, top] = [Math.floor(x), Math.floor(y)];
        return [left, top, Math.ceil(x + w) - left, Math.ceil(y + h) - top];
      }));
    }
  }

  // In the middle of what is seen, as wide as a code.
  add() {
    const [sheet, view] = [this.sheet.getBoundingClientRect(), this.view.getBoundingClientRect()];
    const middle = (from, to, least, most) => (Math.max(from, least) + Math.min(to, most)) / 2;
    const x = middle(view.left, view.right, sheet.left, sheet.right) - sheet.left;
    const y = middle(view.top, view.bottom, sheet.top, sheet.bottom) - sheet.top;
    this.put(this.band(x, y), true);
  }

  band(x, y) {
    const across = Math.min(this.view.clientWidth, this.sheet.clientWidth) * 0.5;
    return this.inside({ x: (x - across / 2) * this.per, y: (y - BAND / 2) * this.per, w: across * this.per, h: BAND * this.per });
  }

  put(box, focus) {
    if (this.boxes.length >= this.data.most) return this.announce(this.data.words.most);
    this.boxes.push(box);
    this.select(box);
    if (focus) box.node.focus();
    this.announce(`${box.node.ariaLabel} ${this.data.words.keys}`);
  }

  drop(box) {
    const at = this.boxes.indexOf(box);
    const was = box.node === this.root.getRootNode().activeElement;
    this.boxes.splice(at, 1);
    box.node.remove();
    this.on = this.boxes[Math.min(at, this.boxes.length - 1)];
    this.draw();
    if (was || !this.on) (this.on?.node ?? this.buttons.add).focus();
    this.announce(filled(this.data.words.dropped, { count: this.boxes.length }));
  }

  select(box) {
    this.on = box;
    this.draw();
  }

  change(box, to) {
    Object.assign(box, this.inside(to));
    this.draw();
  }

  // The middle of what is seen stays where it is.
  scale(zoom, x = this.view.clientWidth / 2, y = this.view.clientHeight / 2) {
    const before = this.sheet.clientWidth;
    const [left, top] = [this.view.scrollLeft + x, this.view.scrollTop + y];
    this.zoom = Math.min(ZOOMS.length - 1, Math.max(0, zoom));
    this.draw();
    const by = this.sheet.clientWidth / before;
    this.view.scrollTo(left * by - x, top * by - y);
  }

  // Pixels of the picture in one of the screen.
  get per() {
    return this.data.width / this.sheet.getBoundingClientRect().width;
  }

  inside({ x, y, w, h }) {
    const { width, height } = this.data;
    [w, h] = [Math.min(Math.max(w, 4), width), Math.min(Math.max(h, 4), height)];
    return { x: Math.min(Math.max(x, 0), width - w), y: Math.min(Math.max(y, 0), height - h), w, h };
  }

  key(event) {
    const box = event.target.box;
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Delete" || event.key === "Backspace") this.drop(box);
    else if (event.key.startsWith("Arrow")) {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const step = STEP * this.per;
      const { x, y, w, h } = box;
      this.change(box, event.shiftKey ? { x, y, w: Math.min(w + dx * step, this.data.width - x), h: Math.min(h + dy * step, this.data.height - y) }
        : { x: x + dx * step, y: y + dy * step, w, h });
      box.node.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.announce(box.node.ariaLabel);
    } else return;
    event.preventDefault();
  }

  // ---- pointers: one draws, moves or sizes; two scroll and zoom ---------------------------------------------

  at(event) {
    const sheet = this.sheet.getBoundingClientRect();
    return { x: (event.clientX - sheet.left) * this.per, y: (event.clientY - sheet.top) * this.per };
  }

  down(event) {
    if (event.button || this.broken) return;
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) return this.two();
    if (this.pointers.size > 2) return;
    this.sheet.setPointerCapture(event.pointerId);
    const box = event.target.closest(".box")?.box;
    const start = this.at(event);
    this.drag = { start, box, event, was: box && { ...box }, handle: event.target.dataset.at };
    if (box) {
      this.select(box);
      box.node.focus({ preventScroll: true });
    }
    event.preventDefault(); // no text or image is dragged along
  }

  moved(event) {
    if (!this.pointers.has(event.pointerId)) return;
    this.pointers.set(event.pointerId, event);
    if (this.pinch) return this.pinched();
    const drag = this.drag;
    if (!drag) return;
    const far = Math.hypot(event.clientX - drag.event.clientX, event.clientY - drag.event.clientY);
    if (!drag.is && far < TAP) return;
    drag.is = true;
    const now = this.at(event);
    const [dx, dy] = [now.x - drag.start.x, now.y - drag.start.y];
    if (drag.handle) this.change(drag.box, sized(drag.was, drag.handle, dx, dy));
    else if (drag.box && !drag.fresh) this.change(drag.box, { ...drag.was, x: drag.was.x + dx, y: drag.was.y + dy });
    else this.stroke(drag, now);
  }

  // A box from where the pointer went down; along a line it gets the height of a line.
  stroke(drag, now) {
    const least = BAND * this.per;
    let [top, bottom] = [Math.min(drag.start.y, now.y), Math.max(drag.start.y, now.y)];
    if (bottom - top < least) [top, bottom] = [(top + bottom - least) / 2, (top + bottom + least) / 2];
    const to = clipped({ x: Math.min(drag.start.x, now.x), y: top, w: Math.abs(now.x - drag.start.x), h: bottom - top }, this.data);
    if (!drag.box) {
      if (this.boxes.length >= this.data.most) return this.announce(this.data.words.most);
      Object.assign(drag, { box: to, fresh: true });
      this.boxes.push(to);
    }
    this.on = drag.box;
    this.change(drag.box, to);
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const { drag } = this;
    this.drag = undefined;
    if (this.pinch) return void (this.pointers.size || (this.pinch = undefined));
    if (!drag) return;
    if (event.type === "pointercancel") return this.undo(drag); // it became a scroll
    if (drag.is) {
      drag.box?.node?.focus({ preventScroll: true });
      if (drag.box) this.announce(drag.box.node.ariaLabel);
    } else if (!drag.box && event.pointerType !== "mouse") {
      const { x, y } = this.at(event); // a tap on the code
      this.put(this.band(x / this.per, y / this.per), true);
    } else if (!drag.box) this.select(undefined);
  }

  undo(drag) {
    if (drag.fresh) this.drop(drag.box);
    else if (drag.was) this.change(drag.box, drag.was);
  }

  two() {
    if (this.drag) this.undo(this.drag);
    this.drag = undefined;
    this.pinch = spread([...this.pointers.values()]);
  }

  pinched() {
    if (this.pointers.size < 2) return;
    const now = spread([...this.pointers.values()].slice(0, 2));
    this.view.scrollBy(this.pinch.x - now.x, this.pinch.y - now.y);
    const view = this.view.getBoundingClientRect();
    const by = now.far / this.pinch.far;
    if (by > 1.4 || by < 0.7) {
      this.scale(this.zoom + (by > 1 ? 1 : -1), now.x - view.left, now.y - view.top);
      this.pinch.far = now.far;
    }
    Object.assign(this.pinch, { x: now.x, y: now.y });
  }
}
