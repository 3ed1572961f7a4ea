// The page: asks for frames, shows them, and knows the keys.
import {$, command, clock, el, get, isLife, link, millis, set, signed, span, state} from './core.js';
import {button, buttons, whenDone} from './actions.js';
import {charts} from './charts.js';
import {deadlines, redrawDeadlines, soon} from './due.js';
import {life} from './life.js';

const LONGEST = 30_000, KEPT = 450;
const pace = () => state.frame?.pace ?? 2_000; // ms between two questions
const old = () => 5 * pace();
const SHAPES = {well: '●', degraded: '▲', down: '■', 'not known': '◌', asking: '…'};

let since = 0, asOf = 0, paused = false, busy = false, failures = 0, timer = 0, closed = false;

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
      if (next.seq < since) { state.samples = []; since = 0; } // restarted
      asOf = performance.now() - Math.max(0, now - next.at);
      for (const s of next.samples) { state.samples.push(s); since = s[0]; }
      state.samples = state.samples.slice(-KEPT);
      state.frame = next;
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
  const frame = state.frame;
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
  const frame = state.frame;
  set('relay', frame.relay);
  set('version', `Lapse ${frame.version}`);
  $('sign').hidden = !frame.open;
  if (isLife()) return;
  $('overview').hidden = false;
  attention();
  path();
  $('soonest').hidden = !frame.inside;
  events();
  charts();
  soon();
  deadlines();
}

let shownAttention = '';
function attention() {
  const frame = state.frame;
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
    if (a.act) li.append(...buttons(a.act));
    if (a.detail) li.append(el('p', a.detail, 'detail small'));
    return li;
  }));
}

function path() {
  const frame = state.frame;
  const p = frame.path;
  if (!p) return;
  const last = state.samples.at(-1) || [];
  const off = part => p.off.includes(part);
  set('s1', p.pending); set('t1', p.next == null ? 'no deadline to come' : `next deadline in ${span(p.next)}`);
  set('s2', p.overdue); set('t2', p.paused.includes('expiration') ? 'expiry is paused' : p.oldest == null ? 'none waits' : `oldest for ${span(p.oldest)}`);
  set('s3', p.expired); set('t3', off('expiration') ? 'this instance does not expire approvals' : last[5] == null ? 'expiry delay –' : `expiry delay p99 ${millis(last[5])}`);
  set('s4', p.waiting); set('t4', p.paused.includes('relay') ? 'publishing is paused' : `${p.age == null ? 'none waits' : 'oldest unpublished ' + span(p.age)}, ${p.dead} dead letters`);
  set('s5', !p.kafka ? 'not known' : last[3] == null ? '–' : `${last[3].toFixed(last[3] < 10 ? 1 : 0)}/s`);
  set('t5', !p.kafka ? 'Kafka does not answer' : `${off('relay') ? 'this instance does not publish, ' : ''}leader: ${p.leader || 'asking'}${p.standbys ? `, ${p.standbys} standby` : ''}, publish position ${p.position}`);
  const rate = (n, value) => set('r' + n, value == null ? '' : `${value.toFixed(value < 10 ? 1 : 0)}/s`);
  rate(3, last[8]); rate(4, last[2]); rate(5, p.kafka ? last[3] : null);
  const jam = (n, is) => $('s' + n).parentElement.classList.toggle('jam', Boolean(is));
  jam(2, p.oldest > 10 || p.paused.includes('expiration')); jam(4, p.age > 10 || p.dead > 0 || p.paused.includes('relay'));
  jam(5, p.leader === 'nobody' || !p.kafka);
  $('first').hidden = !(p.pending === '0' && p.expired === '0');
}

let shownEvents = '';
function events() {
  const frame = state.frame;
  const key = JSON.stringify([frame.inside, frame.events, frame.dead, frame.replays]);
  if (key === shownEvents || !frame.events) return;
  shownEvents = key;
  $('events').replaceChildren(...frame.events.map(e => {
    const tr = el('tr');
    const about = el('td');
    if (e.key == null) about.append(el('span', frame.open ? 'sign in' : '–', 'small'));
    else about.append(link(e.key));
    tr.append(el('td', clock(e.at)), el('td', e.type), about, el('td', e.state, e.state));
    return tr;
  }));
  $('dead').replaceChildren(...(frame.dead.length ? frame.dead.map(d => {
    const li = el('li', `${clock(d.at)} ${d.type}, record ${d.id}${d.reason ? ': ' + d.reason : ''} `);
    li.append(command(`lapse dead-letters requeue ${d.id}`));
    if (frame.inside) li.append(button(`requeue ${d.id}`, 'Requeue…'));
    return li;
  }) : [el('li', 'None.', 'small')]));
  $('replays').replaceChildren(...(frame.replays.length ? frame.replays.map(r => el('li', `${clock(r.at)} ${r.state}, events ${r.events}`)) : [el('li', 'None.', 'small')]));
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

function visit(path) { history.pushState(null, '', path); go(); }
$('find').addEventListener('submit', e => { e.preventDefault(); const id = $('id').value.trim(); if (id) visit('approval?id=' + encodeURIComponent(id)); });
function go() {
  $('overview').hidden = true; $('life').hidden = true;
  if (isLife()) life(); else { if (state.frame) { show(); charts(true); redrawDeadlines(); } poll(); }
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
  if (status === 200) { state.authorization = tried; $('password').value = ''; set('wrong', ''); $('signing').close(); set('sign', 'Sign out'); closed = false; banner(''); if ($('life').hidden) poll(); else life(); }
  else set('wrong', status === 401 ? 'Wrong, or no password is set.' : status === 429 ? 'Too many wrong passwords: wait a minute.' : 'Lapse does not answer.');
});
$('cancel').addEventListener('click', () => $('signing').close());
const sign = () => { if (signed()) { state.authorization = null; set('sign', 'Sign in'); shownAttention = shownEvents = ''; poll(); if (isLife()) life(); } else $('signing').showModal(); };
const pause = () => { paused = !paused; $('pause').setAttribute('aria-pressed', paused); verdict(); if (!paused) poll(); };
const theme = () => { const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'light' : 'dark'; if (state.frame && !isLife()) { charts(true); redrawDeadlines(); } };
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
$('soonest').append(button('extend-due'));
whenDone(() => { if (isLife()) life(); else poll(); });
setInterval(verdict, 1000);
document.documentElement.dataset.ready = 'true';
if (isLife()) life();
poll();
