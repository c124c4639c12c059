// Pictures on their way in. Beside each `.take` (portal/parts/taking.py) stands Streamlit's uploader, hidden; whatever
// is chosen, photographed, dropped or pasted is put into it, one file after the other, so that each is answered when
// it is there, and the way is the same as for a file that the uploader took by itself. Seen meanwhile: how far each is,
// what was too large, and a broken line, after which it goes on by itself. Without this file the uploader shows itself.
(() => {
  const given = document.querySelector('meta[name="takes"]');
  if (!given || !window.DataTransfer) return;
  const words = JSON.parse(given.content);
  const root = document.documentElement;
  root.dataset.takes = "";
  if (navigator.clipboard && navigator.clipboard.read && window.isSecureContext) root.dataset.pastes = "";

  const AGAIN = [1, 3, 9, 27]; // seconds until a file is tried again whose way broke while the connection stood
  const TAKE = ".take:not(.swap)";
  let jobs = []; // {file, name, mark, room, caseNo, state, part, tries, input}
  let current = null; // the one on its way
  let byUs = false; // the change event is ours
  let marks = Date.now();

  const app = () => document.querySelector(".stApp");
  const isConnected = () => app()?.dataset.testConnectionState === "CONNECTED";
  const isIdle = () => app()?.dataset.testScriptState === "notRunning";
  const roomOf = (take) => [...take.closest('[class*="st-key-up-"], [class*="st-key-swap-"]').classList]
    .find((name) => name.startsWith("st-key-up-") || name.startsWith("st-key-swap-"));
  const room = (job) => document.getElementsByClassName(job.room)[0];

  // ---- in ------------------------------------------------------------------------------------------------------

  function add(take, files) {
    if (!jobs.some((job) => job.state !== "problem")) jobs = []; // what was said of the files before is over
    hush(true);
    const mark = (marks++).toString(36);
    const most = Number(take.dataset.most);
    const chosen = take.classList.contains("swap") ? files.slice(0, 1) : files;
    for (const file of chosen) {
      const job = { file, name: file.name || words.pasted, mark, room: roomOf(take), caseNo: take.dataset.case, tries: 0 };
      job.most = most;
      const isTooLarge = file.size > most * 1024 * 1024;
      job.state = isTooLarge ? "problem" : "waiting";
      if (isTooLarge) job.says = words.too_large.replace("#", most);
      jobs.push(job);
    }
    watcher.observe(document.body, { subtree: true, childList: true, attributes: true,
      attributeFilter: ["data-test-script-state", "data-test-connection-state"] });
    look();
  }

  // What the server said of the files before; it speaks again once it has taken one of these.
  function hush(isOver) {
    for (const said of document.querySelectorAll(".answered")) said.style.display = isOver ? "none" : "";
  }

  function problem(take, says) {
    jobs = jobs.filter((job) => job.state !== "problem");
    jobs.push({ name: "", room: roomOf(take), caseNo: take.dataset.case, state: "problem", says });
    look();
  }

  // ---- on the way ----------------------------------------------------------------------------------------------

  function feed(job) {
    const place = room(job);
    const take = place?.querySelector(".take");
    const input = place?.querySelector('[data-testid="stFileUploaderDropzoneInput"]');
    if (!isConnected()) return void (job.state = "lost");
    job.state = "waiting";
    if (!isIdle()) return;
    if (!place || (take && take.dataset.case !== job.caseNo)) return void (job.state = "gone"); // the visitor went on
    if (!input && take) return; // Streamlit fetches its uploader when it first needs it: the observer sees it come
    if (!input) {
      job.state = "problem";
      job.says = words.full;
      return;
    }
    const box = new DataTransfer();
    box.items.add(new File([job.file], `${job.mark}~~${job.name}`, { type: job.file.type }));
    Object.assign(job, { input, state: "sending", part: 0, wasCut: false });
    current = job;
    input.files = box.files;
    byUs = true;
    try {
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } finally {
      byUs = false;
    }
  }

  function look() {
    const job = current;
    if (job) {
      if (!job.input.isConnected) current = null, job.state = "gone", hush(false); // taken in: a fresh uploader stands there
      else if (!isConnected()) job.wasCut = true, job.state = "lost";
      else if (job.wasCut && isIdle()) current = null, job.state = "waiting"; // the server may not know of it: once more
    }
    jobs = jobs.filter((each) => each.state !== "gone");
    const next = !current && jobs.find((each) => each.state === "waiting" || each.state === "lost");
    if (next) feed(next);
    jobs = jobs.filter((each) => each.state !== "gone" && !(each.state === "problem" && isIdle() && !room(each)));
    draw();
    if (!jobs.length) watcher.disconnect();
  }

  function broke(job, status) {
    if (job !== current) return;
    const wait = AGAIN[job.tries++];
    if (status === 429 || status === 413 || wait === undefined) {
      current = null;
      job.state = "problem";
      job.says = status === 429 ? words.later : status === 413 ? words.too_large.replace("#", job.most) : words.broken;
    } else {
      job.state = "lost";
      setTimeout(() => {
        if (current === job && job.state === "lost") current = null;
        look();
      }, wait * 1000);
    }
    look();
  }

  // Streamlit's uploader tells nobody how far it is; the request does.
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.carries = method === "PUT" && String(url).includes("/_stcore/upload_file/") ? current : null;
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    const job = this.carries;
    if (job) {
      this.upload.addEventListener("progress", (event) => {
        if (job !== current || !event.lengthComputable) return;
        job.part = event.loaded / event.total;
        job.state = job.part < 1 ? "sending" : "checking";
        draw();
      });
      this.addEventListener("load", () => this.status >= 400 && broke(job, this.status));
      this.addEventListener("error", () => broke(job, 0));
      this.addEventListener("timeout", () => broke(job, 0));
    }
    return send.call(this, body);
  };

  const watcher = new MutationObserver(look);
  addEventListener("online", look);

  // ---- seen ----------------------------------------------------------------------------------------------------

  function draw() {
    for (const list of document.querySelectorAll(".going")) {
      const name = roomOf(list);
      const mine = jobs.filter((job) => job.room === name);
      const told = JSON.stringify(mine.map((job) => [job.name, job.state, Math.round((job.part || 0) * 100), job.says]));
      if (list.dataset.told === told || (!mine.length && !list.childElementCount)) continue;
      list.dataset.told = told;
      list.replaceChildren(...mine.map(line));
    }
  }

  function line(job) {
    const item = document.createElement("li");
    item.className = job.state;
    if (job.name) item.append(Object.assign(document.createElement("bdi"), { textContent: job.name }));
    const percent = Math.round((job.part || 0) * 100);
    const says = Object.assign(document.createElement("span"), {
      textContent: job.says || words[job.state].replace("#", percent),
    });
    if (job.state === "problem") says.setAttribute("role", "alert");
    if (job.state === "lost") says.setAttribute("role", "status");
    item.append(says);
    if (job.state === "sending" || job.state === "checking") {
      const bar = Object.assign(document.createElement("progress"), { max: 100, value: percent });
      bar.setAttribute("aria-label", job.name);
      item.append(bar);
    }
    return item;
  }

  // ---- where from ----------------------------------------------------------------------------------------------

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (byUs || field.type !== "file") return;
    const place = field.closest('[class*="st-key-up-"], [class*="st-key-swap-"]');
    const take = place?.querySelector(".take");
    if (!take || !field.files.length) return;
    event.stopPropagation();
    const files = [...field.files];
    field.value = "";
    add(take, files);
  }, true);

  document.addEventListener("click", (event) => {
    const take = event.target.closest?.(".take .paste")?.closest(".take");
    if (take) read(take);
  });

  async function read(take) {
    let items;
    try {
      items = await navigator.clipboard.read();
    } catch {
      return problem(take, words.denied);
    }
    const files = [];
    for (const item of items) {
      const type = item.types.find((each) => each.startsWith("image/"));
      if (type) files.push(new File([await item.getType(type)], words.pasted, { type }));
    }
    if (files.length) add(take, files);
    else problem(take, words.empty);
  }

  document.addEventListener("paste", (event) => {
    const data = event.clipboardData;
    const files = [...(data?.files || [])];
    const isText = event.target.closest?.("input, textarea") && data.types.includes("text/plain");
    if (!files.length || isText || !document.querySelector(TAKE)) return;
    event.preventDefault();
    const named = files.map((file) => new File([file], words.pasted, { type: file.type }));
    give(event.target, named);
  });

  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files") && document.querySelector(TAKE);
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      event.stopPropagation(); // Streamlit's own sign for it is English
      for (const take of document.querySelectorAll(".take.over")) take.classList.remove("over");
      if (kind === "drop") give(event.target, [...event.dataTransfer.files]);
      else if (kind !== "dragleave") near(event.target)?.classList.add("over");
    }, true);
  }

  // The picture or the card that the event is in; else the only one that is there, or the only one in sight.
  function near(target) {
    const inside = (from, what) => from && (from.matches(what) ? [from] : [...from.querySelectorAll(what)]);
    const swap = target?.closest?.('[class*="st-key-swap-"]');
    if (swap) return swap.querySelector(".take");
    const card = inside(target?.closest?.('[class*="st-key-card-"], [class*="st-key-act-"]'), TAKE) || [];
    if (card.length === 1) return card[0];
    const all = [...document.querySelectorAll(TAKE)].filter((take) => take.offsetParent);
    if (all.length === 1) return all[0];
    const seen = all.filter((take) => {
      const box = take.getBoundingClientRect();
      return box.top >= 0 && box.bottom <= innerHeight;
    });
    return seen.length === 1 ? seen[0] : null;
  }

  function give(target, files) {
    const take = near(target);
    if (take) add(take, files);
    else ask(files);
  }

  function ask(files) {
    const box = document.createElement("dialog");
    box.className = "which";
    box.setAttribute("aria-labelledby", "which");
    box.append(Object.assign(document.createElement("h2"), { id: "which", textContent: words.which }));
    for (const take of document.querySelectorAll(TAKE)) {
      const pick = Object.assign(document.createElement("button"), { type: "button", textContent: take.dataset.name });
      pick.addEventListener("click", () => (box.close(), add(take, files)));
      box.append(pick);
    }
    const no = Object.assign(document.createElement("button"), { type: "button", className: "no", textContent: words.cancel });
    no.addEventListener("click", () => box.close());
    box.append(no);
    box.addEventListener("close", () => box.remove());
    document.body.append(box);
    box.showModal();
  }
})();
