const $ = id => document.getElementById(id);
const el = (tag, text, cls) => {
  const made = document.createElement(tag);
  if (text != null) made.textContent = text;
  if (cls) made.className = cls;
  return made;
};
const LONGEST = 30_000, KEPT = 450;
const pace = () => frame?.pace ?? 2_000; // ms between two questions
const old = () => 5 * pace();
const isLife = () => location.pathname.endsWith('/approval');
const SHAPES = {well: '●', degraded: '▲', down: '■', 'not known': '◌', asking: '…'};

let authorization = null; // never stored, never a cookie
let samples = [], since = 0, asOf = 0, frame = null, paused = false, busy = false, failures = 0;
let timer = 0, drawnAt = 0, closed = false, dueAt = -Infinity, dueSigned = false;
const signed = () => authorization !== null;

const span = s => s == null ? '' : s < 1 ? `${Math.round(s * 1000)} ms` : s < 120 ? `${s.toFixed(1)} s`
  : s < 7200 ? `${Math.floor(s / 60)} min` : s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
const millis = v => v == null ? '–' : v < 1000 ? `${Math.round(v)} ms` : span(v / 1000);
const clock = at => new Date(at).toLocaleTimeString([], {hour12: false});
const set = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };

async function get(path, more = {}) {
  const headers = {...more.headers, ...(authorization ? {Authorization: authorization} : {})};
  return fetch(path, {signal: AbortSignal.timeout(8000), ...more, headers, credentials: 'omit', cache: 'no-store'});
}
const post = (path, body) => get(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body), signal: AbortSignal.timeout(30_000)});

async function poll() {
  clearTimeout(timer);
  if (busy) return;
  if (resting()) { timer = setTimeout(poll, 500); return; }
  busy = true;
  let wait = pace();
  try {
    const answer = await get(`console/frame?since=${since}`);
    if (answer.status === 401) { closed = true; $('overview').hidden = true; banner('Sign in to look.'); if (!$('signing').open) $('signing').showModal(); }
    else if (answer.status === 503) wait = 500;
    else if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    else {
      closed = false;
      const next = await answer.json();
      const now = Number(answer.headers.get('Lapse-Now'));
      if (next.seq < since) { samples = []; since = 0; } // restarted
      asOf = performance.now() - Math.max(0, now - next.at);
      for (const s of next.samples) { samples.push(s); since = s[0]; }
      samples = samples.slice(-KEPT);
      frame = next;
      failures = 0;
      if (next.more) wait = 0;
      show();
    }
  } catch (e) {
    failures++;
    wait = Math.min(LONGEST, pace() * 2 ** Math.min(failures - 1, 4));
  }
  busy = false;
  verdict();
  timer = setTimeout(poll, wait);
}

const resting = () => document.hidden || paused || document.querySelector('dialog[open]') !== null
  || String(getSelection()).length > 0;

function banner(text) { $('banner').hidden = !text; set('banner', text || ''); }

function verdict() {
  const age = frame ? performance.now() - asOf : Infinity;
  const silent = age > old();
  const word = !frame && failures === 0 ? 'asking' : silent ? 'not known' : frame.verdict;
  if ($('verdict').dataset.word !== word) { $('verdict').dataset.word = word; set('word', word); set('shape', SHAPES[word] || '◌'); }
  set('age', frame ? `as of ${Math.round(age / 1000)} s ago` : '');
  document.body.classList.toggle('stale', silent || Boolean(frame && frame.failure));
  document.title = `${word === 'well' ? '' : word + ' · '}Lapse${frame ? ' ' + frame.relay : ''}`;
  if (!closed) banner(failures > 1 && silent ? 'Lapse does not answer. What you see is old.'
    : frame && frame.failure ? `PostgreSQL does not answer (${frame.failure}). Nothing expires, nothing is lost.`
    : paused && silent ? 'Paused by you.' : '');
}

function show() {
  set('relay', frame.relay);
  set('version', `Lapse ${frame.version}`);
  $('sign').hidden = !frame.open;
  if (isLife()) return;
  $('overview').hidden = false;
  attention();
  path();
  events();
  charts();
  soon();
  if (performance.now() - dueAt > (dueSigned === signed() ? 60_000 : 0)) deadlines();
}

function command(text) {
  const made = el('span');
  made.append('action: ', el('code', text));
  const copy = el('button', 'Copy', 'copy');
  copy.type = 'button';
  copy.addEventListener('click', async () => {
    try { await navigator.clipboard.writeText(text); copy.textContent = 'Copied'; } catch { getSelection().selectAllChildren(made.querySelector('code')); }
  });
  made.append(copy);
  return made;
}

function button(text, act) {
  const made = el('button', text, 'act');
  made.type = 'button';
  made.addEventListener('click', () => ask(act));
  return made;
}

const WORDS = {'resume expiration': 'Resume expiry…', 'resume relay': 'Resume publishing…', 'requeue all': 'Requeue all…'};
let shownAttention = '';
function attention() {
  // Figures may change while somebody reads; the items are not made again, which would move the focus.
  const key = JSON.stringify([frame.inside, frame.attention.map(a => [a.what, a.act, a.action, a.detail])]);
  const same = key === shownAttention;
  shownAttention = key;
  $('attention').hidden = frame.attention.length === 0;
  if (same) {
    [...$('needs').children].forEach((li, i) => { const p = li.querySelector('.text'); if (p.textContent !== frame.attention[i].text) p.textContent = frame.attention[i].text; });
    return;
  }
  $('needs').replaceChildren(...frame.attention.map(a => {
    const li = el('li');
    li.append(el('strong', a.what), ' ', el('span', a.text, 'text'), a.since ? ` Since ${new Date(a.since).toLocaleString()}. ` : ' ');
    if (a.action) li.append(command(a.action));
    if (a.act) li.append(button(WORDS[a.act] || a.act, a.act));
    if (a.detail) li.append(el('p', a.detail, 'detail small'));
    return li;
  }));
}

function path() {
  const p = frame.path;
  if (!p) return;
  const last = samples.at(-1) || [];
  const off = part => p.off.includes(part);
  set('s1', p.pending); set('t1', p.next == null ? 'no deadline to come' : `next deadline in ${span(p.next)}`);
  set('s2', p.overdue); set('t2', p.paused.includes('expiration') ? 'expiry is paused' : p.oldest == null ? 'none waits' : `oldest for ${span(p.oldest)}`);
  set('s3', p.expired); set('t3', off('expiration') ? 'this instance does not expire approvals' : last[5] == null ? 'expiry delay –' : `expiry delay p99 ${millis(last[5])}`);
  set('s4', p.waiting); set('t4', p.paused.includes('relay') ? 'publishing is paused' : `${p.age == null ? 'none waits' : 'oldest unpublished ' + span(p.age)}, ${p.dead} dead letters`);
  set('s5', !p.kafka ? 'not known' : last[3] == null ? '–' : `${last[3].toFixed(last[3] < 10 ? 1 : 0)}/s`);
  set('t5', !p.kafka ? 'Kafka does not answer' : `${off('relay') ? 'this instance does not publish, ' : ''}leader: ${p.leader || 'asking'}${p.standbys ? `, ${p.standbys} standby` : ''}, publish position ${p.position}`);
  const jam = (n, is) => $('s' + n).parentElement.classList.toggle('jam', Boolean(is));
  jam(2, p.oldest > 10 || p.paused.includes('expiration')); jam(4, p.age > 10 || p.dead > 0 || p.paused.includes('relay'));
  jam(5, p.leader === 'nobody' || !p.kafka);
  $('first').hidden = !(p.pending === '0' && p.expired === '0');
}

let shownEvents = '';
function events() {
  const key = JSON.stringify([frame.inside, frame.events, frame.dead, frame.replays]);
  if (key === shownEvents || !frame.events) return;
  shownEvents = key;
  $('events').replaceChildren(...frame.events.map(e => {
    const tr = el('tr');
    const about = el('td');
    if (e.key == null) about.append(el('span', frame.open ? 'sign in' : '–', 'small'));
    else { const a = el('a', e.key); a.href = 'approval?id=' + encodeURIComponent(e.key); about.append(a); }
    tr.append(el('td', clock(e.at)), el('td', e.type), about, el('td', e.state, e.state));
    return tr;
  }));
  $('dead').replaceChildren(...(frame.dead.length ? frame.dead.map(d => {
    const li = el('li', `${clock(d.at)} ${d.type}, record ${d.id}${d.reason ? ': ' + d.reason : ''} `);
    li.append(command(`lapse dead-letters requeue ${d.id}`));
    if (frame.inside) li.append(button('Requeue…', `requeue ${d.id}`));
    return li;
  }) : [el('li', 'None.', 'small')]));
  $('replays').replaceChildren(...(frame.replays.length ? frame.replays.map(r => el('li', `${clock(r.at)} ${r.state}, events ${r.events}`)) : [el('li', 'None.', 'small')]));
}

const due = {bars: [], table: null};
async function deadlines() {
  dueAt = performance.now();
  dueSigned = signed();
  try {
    const answer = await get('console/due');
    if (answer.ok) drawDue(await answer.json());
  } catch { /* the verdict says so */ }
}
function drawDue(d) {
  if (!due.canvas) {
    const figure = el('figure');
    due.canvas = el('canvas'); due.canvas.setAttribute('role', 'img');
    due.says = el('figcaption', '', 'small');
    due.table = el('table');
    const details = el('details'), rows = el('div', null, 'rows');
    rows.tabIndex = 0; rows.setAttribute('role', 'region'); rows.setAttribute('aria-label', 'Deadlines as a table'); rows.append(due.table);
    details.append(el('summary', 'Show as table'), rows);
    figure.append(due.canvas, due.says, details);
    $('bars').append(figure);
  }
  due.last = d;
  const total = d.bars.reduce((a, b) => a + b, 0), top = Math.max(1, ...d.bars);
  const limit = d.limit == null ? ''
    : ` The mass-expiry protection pauses expiry from ${d.limit} overdue approvals on, if these are also many of the pending ones.`;
  due.says.textContent = `${total}${d.more ? ' or more' : ''} approvals have their deadline in the next 24 hours, at most ${top === 1 && total === 0 ? 0 : top} in one half hour.${limit}`;
  due.canvas.setAttribute('aria-label', due.says.textContent);
  const w = due.canvas.clientWidth, h = due.canvas.clientHeight, r = devicePixelRatio || 1;
  due.canvas.width = w * r; due.canvas.height = h * r;
  const g = due.canvas.getContext('2d'); g.scale(r, r);
  const color = n => getComputedStyle(document.documentElement).getPropertyValue(n).trim();
  const base = h - 16, tall = h - 30;
  g.font = '11px system-ui, sans-serif';
  g.fillStyle = color('--blue');
  d.bars.forEach((n, i) => { if (n) g.fillRect(i * w / 48 + 1, base - Math.max(2, tall * n / top), w / 48 - 2, Math.max(2, tall * n / top)); });
  g.strokeStyle = color('--line'); g.beginPath(); g.moveTo(0, base); g.lineTo(w, base); g.stroke();
  if (d.limit != null && d.limit <= top) { const y = base - tall * d.limit / top; g.strokeStyle = color('--red'); g.setLineDash([5, 4]); g.beginPath(); g.moveTo(0, y); g.lineTo(w, y); g.stroke(); }
  g.fillStyle = color('--soft'); g.fillText(String(top), 2, 10);
  [0, 12, 24, 36].forEach(i => g.fillText(clock(d.at + i * 1800e3).slice(0, 5), i * w / 48, h - 3));
  const head = el('tr');
  head.append(...['From', 'Deadlines'].map(t => { const th = el('th', t); th.scope = 'col'; return th; }));
  due.table.replaceChildren(head, ...d.bars.map((n, i) => { const tr = el('tr'); tr.append(el('td', clock(d.at + i * 1800e3)), el('td', String(n))); return tr; }));
  soon();
}
let shownSoon = '';
function soon() { // what has passed since it was asked for is not next any more
  if (!due.last || !frame) return;
  const coming = due.last.next.filter(n => n.at > frame.at).slice(0, 10);
  const key = JSON.stringify(coming);
  if (key === shownSoon) return;
  shownSoon = key;
  $('soon').replaceChildren(...(coming.length ? coming.map(n => {
    const li = el('li', `${new Date(n.at).toLocaleString()} `);
    if (n.id != null) { const a = el('a', n.id); a.href = 'approval?id=' + encodeURIComponent(n.id); li.append(a); }
    return li;
  }) : [el('li', due.last.next.length ? 'Asking…' : 'None.', 'small')]));
  if (!coming.length && due.last.next.length && performance.now() - dueAt > 30_000) deadlines();
}

$('audit').addEventListener('click', async () => {
  set('audited', 'Asking…');
  $('audit').disabled = true;
  try {
    const answer = await get('actuator/audit', {signal: AbortSignal.timeout(120_000)});
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const report = await answer.json();
    set('audited', `${report.holds ? 'Everything holds' : 'Something does not hold'}, asked at ${new Date(report.at).toLocaleString()}.`);
    $('findings').replaceChildren(...report.findings.map(f => {
      const li = el('li');
      const count = f.failure ? `not known (${f.failure})` : f.holds ? 'holds' : `${f.rows.length}${f.more ? ' or more' : ''} rows break it`;
      li.append(el('strong', f.name), ' ', el('span', count, f.holds ? 'published' : 'dead'));
      if (!f.holds) li.append(`. ${f.meaning} `, command(f.action));
      return li;
    }));
  } catch (e) { set('audited', `The audit was not answered (${e.message}).`); }
  $('audit').disabled = false;
});

let token = null, wanted = null;
async function ask(act) {
  const [action, ...target] = act.split(' ');
  wanted = act;
  try {
    const answer = await post('console/preview', {action, target: target.join(' ')});
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) { say(found.error || `It could not be asked for (HTTP ${answer.status}).`); return; }
    token = found;
    set('hq', WORDS[act] ? WORDS[act].replace('…', '') : act);
    set('would', found.text);
    $('typing').hidden = !found.typed;
    $('typing').firstChild.textContent = `Type the number ${found.count} `;
    $('typed').value = ''; $('typed').required = found.typed;
    $('reason').value = '';
    if (!$('who').value) $('who').value = $('user').value;
    set('refused', '');
    $('doing').showModal();
  } catch { say('Lapse does not answer.'); }
}
$('deed').addEventListener('submit', async e => {
  e.preventDefault();
  $('doit').disabled = true;
  try {
    const answer = await post('console/act', {token: token.token, typed: token.typed ? Number($('typed').value) : null, name: $('who').value, reason: $('reason').value});
    const found = await answer.json().catch(() => ({}));
    if (answer.ok) { $('doing').close(); say(found.done); if (isLife()) life(); else poll(); }
    else set('refused', found.error || `HTTP ${answer.status}`);
  } catch { set('refused', 'Lapse does not answer. Look whether it was done before you do it again.'); }
  $('doit').disabled = false;
});
$('undo').addEventListener('click', () => $('doing').close());
let saying = 0;
function say(text) {
  $('said').hidden = false; set('said', text);
  clearTimeout(saying); saying = setTimeout(() => { $('said').hidden = true; }, 12_000);
}

const CHARTS = [
  {title: 'Events per second', lines: [[2, 'recorded', '--blue', []], [3, 'published', '--green', [4, 3]]], say: v => v == null ? '–' : v.toFixed(1)},
  {title: 'Expiry delay', lines: [[4, 'p50', '--blue', []], [5, 'p99', '--amber', [4, 3]]], say: millis, log: true},
  {title: 'Backlog', lines: [[6, 'backlog', '--blue', []]], say: v => v == null ? '–' : String(v)},
];
function charts() {
  if (performance.now() - drawnAt < 900) return;
  drawnAt = performance.now();
  CHARTS.forEach(c => { if (!c.figure) make(c); draw(c); });
}
function make(c) {
  c.figure = el('figure');
  c.canvas = el('canvas');
  c.canvas.setAttribute('role', 'img');
  c.says = el('p', '', 'small');
  c.table = el('table');
  const details = el('details');
  const rows = el('div', null, 'rows');
  rows.tabIndex = 0; rows.setAttribute('role', 'region'); rows.setAttribute('aria-label', c.title + ' as a table'); rows.append(c.table);
  details.append(el('summary', 'Show as table'), rows);
  details.addEventListener('toggle', () => draw(c));
  c.details = details;
  const caption = el('figcaption', c.title);
  if (c.lines.length > 1) caption.append(el('span', ` ${c.lines[0][1]} solid, ${c.lines[1][1]} dashed`, 'small'));
  c.figure.append(caption, c.canvas, c.says, details);
  $('charts').append(c.figure);
}
function draw(c) {
  const w = c.canvas.clientWidth, h = c.canvas.clientHeight, r = devicePixelRatio || 1;
  c.canvas.width = w * r; c.canvas.height = h * r;
  const g = c.canvas.getContext('2d');
  g.scale(r, r);
  const style = getComputedStyle(document.documentElement);
  const color = n => style.getPropertyValue(n).trim();
  const values = samples.flatMap(s => c.lines.map(l => s[l[0]])).filter(v => v != null);
  const top = Math.max(1, ...values), end = samples.length ? samples.at(-1)[1] : 0;
  const start = Math.max(end - 900_000, Math.min(end - 60_000, samples.length ? samples[0][1] : 0));
  const y = v => h - 16 - (h - 30) * (c.log ? Math.log1p(v) / Math.log1p(top) : v / top);
  const x = t => (t - start) / Math.max(1, end - start) * (w - 2);
  g.strokeStyle = color('--line'); g.fillStyle = color('--soft'); g.font = '11px system-ui, sans-serif';
  for (const share of [0, .5, 1]) { const at = h - 16 - (h - 30) * share; g.beginPath(); g.moveTo(0, at); g.lineTo(w, at); g.stroke(); }
  g.fillText(c.say(top), 2, 10);
  g.fillText(samples.length ? clock(start) : '', 0, h - 3);
  g.textAlign = 'right'; g.fillText(samples.length ? clock(end) : '', w, h - 3);
  for (const [i, , name, dash] of c.lines) {
    g.strokeStyle = color(name); g.lineWidth = 1.6; g.setLineDash(dash); g.beginPath();
    let open = false;
    for (const s of samples) {
      if (s[i] == null) { if (!c.log) open = false; continue; }
      if (open) g.lineTo(x(s[1]), y(s[i])); else g.moveTo(x(s[1]), y(s[i]));
      open = true;
    }
    g.stroke();
  }
  const sentence = c.lines.map(l => `${l[1]} ${c.say(samples.length ? samples.at(-1)[l[0]] : null)}`).join(', ');
  c.says.textContent = `Now: ${sentence}. Highest: ${c.say(values.length ? Math.max(...values) : null)}.`;
  c.canvas.setAttribute('aria-label', `${c.title}. ${c.says.textContent}`);
  if (c.details.open) {
    const head = el('tr');
    head.append(...['Time', ...c.lines.map(l => l[1])].map(t => { const th = el('th', t); th.scope = 'col'; return th; }));
    c.table.replaceChildren(head, ...samples.slice().reverse().map(s => {
      const tr = el('tr');
      tr.append(el('td', clock(s[1])), ...c.lines.map(l => el('td', c.say(s[l[0]]))));
      return tr;
    }));
  }
}

async function life() {
  const id = new URLSearchParams(location.search).get('id') || '';
  $('life').hidden = false;
  set('subject', `Approval ${id}`);
  if (!authorization) { set('why', 'Sign in to see the life of an approval.'); if (!$('signing').open) $('signing').showModal(); return; }
  set('why', 'Asking…');
  try {
    const answer = await get('console/life?id=' + encodeURIComponent(id));
    if (!answer.ok) { set('why', answer.status === 401 ? 'The password is wrong, or none is set (lapse.management.password).' : `It could not be asked for (HTTP ${answer.status}).`); return; }
    const l = await answer.json();
    set('why', l.why);
    $('action').hidden = !l.action;
    if (l.action) $('action').replaceChildren(command(l.action), ...(['PAUSED', 'MASS_EXPIRY_PROTECTION'].includes(l.cause) ? [button(WORDS['resume expiration'], 'resume expiration')] : []));
    set('facts', l.status == null ? '' : `status ${l.status}, deadline ${l.deadline || 'none'}`);
    $('timeline').replaceChildren(...l.timeline.map(m => {
      const li = el('li', null, m.what);
      const when = el(m.at ? 'time' : 'span', m.at || 'time unknown', 'when');
      if (m.at) when.dateTime = m.at;
      li.append(when, el('strong', m.what), ' ', m.text, ' ');
      if (m.record != null && m.what === 'published') li.append(button('Replay this…', `replay ${m.record}`));
      if (m.record != null && m.what === 'blocked') li.append(button('Requeue…', `requeue ${m.record}`));
      return li;
    }));
    set('note', l.note || '');
  } catch { set('why', 'Lapse does not answer.'); }
}

function visit(path) { history.pushState(null, '', path); go(); }
$('find').addEventListener('submit', e => { e.preventDefault(); const id = $('id').value.trim(); if (id) visit('approval?id=' + encodeURIComponent(id)); });
function go() {
  $('overview').hidden = true; $('life').hidden = true;
  if (isLife()) life(); else { if (frame) { drawnAt = 0; show(); } poll(); }
}
addEventListener('popstate', go);
addEventListener('click', e => { // a new page would forget the password
  const a = e.target.closest?.('a[href^="approval?"], h1 a');
  if (a && e.button === 0 && !e.ctrlKey && !e.metaKey && !e.shiftKey) { e.preventDefault(); visit(a.getAttribute('href')); }
});

$('credentials').addEventListener('submit', async e => {
  e.preventDefault();
  const bytes = new TextEncoder().encode(`${$('user').value}:${$('password').value}`);
  const tried = 'Basic ' + btoa(String.fromCharCode(...bytes));
  let status = 0;
  try { status = (await fetch('console/life?id=', {headers: {Authorization: tried}, credentials: 'omit', cache: 'no-store'})).status; } catch { /* below */ }
  if (status === 200) { authorization = tried; $('password').value = ''; set('wrong', ''); $('signing').close(); set('sign', 'Sign out'); closed = false; banner(''); if ($('life').hidden) poll(); else life(); }
  else set('wrong', status === 401 ? 'Wrong, or no password is set.' : status === 429 ? 'Too many wrong passwords: wait a minute.' : 'Lapse does not answer.');
});
$('cancel').addEventListener('click', () => $('signing').close());
const sign = () => { if (authorization) { authorization = null; set('sign', 'Sign in'); shownAttention = shownEvents = ''; poll(); if (isLife()) life(); } else $('signing').showModal(); };
const pause = () => { paused = !paused; $('pause').setAttribute('aria-pressed', paused); verdict(); if (!paused) poll(); };
const theme = () => { const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'light' : 'dark'; drawnAt = 0; if (frame && !isLife()) { charts(); if (due.last) drawDue(due.last); } };
$('sign').addEventListener('click', sign);
$('pause').addEventListener('click', pause);
$('theme').addEventListener('click', theme);
$('help').addEventListener('click', () => $('keys').showModal());
addEventListener('keydown', e => {
  if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]') || e.target.matches('input, textarea, select')) return;
  const sections = [null, 'attention', 'h3', 'h4', 'h5', 'h6', 'hd', 'h7'].map(id => id === 'attention' ? ($('attention').hidden ? 'h3' : 'h2') : id);
  if (e.key === '/') { e.preventDefault(); $('id').focus(); } else if (e.key === '?') $('keys').showModal();
  else if (e.key === 'p') pause(); else if (e.key === 't') theme(); else if (e.key === 's') { e.preventDefault(); sign(); }
  else if (sections[e.key]) { $(sections[e.key]).scrollIntoView(); $(sections[e.key]).focus(); }
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) poll(); });
setInterval(verdict, 1000);
document.documentElement.dataset.ready = 'true';
if (isLife()) life();
poll();
