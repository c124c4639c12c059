// Boxes {x, y, w, h} in pixels of a picture {width, height}, and some words. Before mask.js, in one module.

// What is filled for a box: `core/domain/masking.py` says how much more than was drawn.
function around({ x, y, w, h }, { width, height, margin: [grow, grid, rim] }) {
  const low = (at) => Math.floor((Math.floor(at) - grow) / grid) * grid - rim;
  const high = (at) => Math.ceil((Math.ceil(at) + grow) / grid) * grid + rim;
  const [left, top] = [Math.max(0, low(x)), Math.max(0, low(y))];
  return { x: left, y: top, w: Math.min(width, high(x + w)) - left, h: Math.min(height, high(y + h)) - top };
}

function sized({ x, y, w, h }, handle, dx, dy) {
  let [left, top, right, bottom] = [x, y, x + w, y + h];
  if (handle.includes("w")) left = Math.min(left + dx, right - 4);
  else right = Math.max(right + dx, left + 4);
  if (handle.includes("n")) top = Math.min(top + dy, bottom - 4);
  else bottom = Math.max(bottom + dy, top + 4);
  return { x: left, y: top, w: right - left, h: bottom - top };
}

// A stroke that leaves the picture ends at its edge.
function clipped({ x, y, w, h }, { width, height }) {
  const [left, top] = [Math.max(x, 0), Math.max(y, 0)];
  return { x: left, y: top, w: Math.max(1, Math.min(x + w, width) - left), h: Math.max(1, Math.min(y + h, height) - top) };
}

function spread([a, b]) {
  return { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2, far: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) };
}

function filled(words, values) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function place(node, box, { width, height }) {
  const per = (part, whole) => `${(100 * part) / whole}%`;
  Object.assign(node.style, { left: per(box.x, width), top: per(box.y, height), width: per(box.w, width), height: per(box.h, height) });
}
