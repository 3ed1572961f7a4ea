// The deadlines of the next 24 hours.
import {$, cells, clock, disclosure, el, get, heading, link, signed, state} from './core.js';

const due = {bars: [], table: null};
let dueAt = -Infinity, dueSigned = false;
export async function deadlines() {
  if (performance.now() - dueAt <= (dueSigned === signed() ? 60_000 : 0)) return;
  dueAt = performance.now();
  dueSigned = signed();
  try {
    const answer = await get('console/due');
    if (answer.ok) drawDue(await answer.json());
  } catch { /* the verdict says so */ }
}
export function redrawDeadlines() { if (due.last) drawDue(due.last); }
function drawDue(d) {
  if (!due.canvas) {
    const figure = el('figure');
    due.canvas = el('canvas'); due.canvas.setAttribute('role', 'img');
    due.says = el('figcaption', '', 'small');
    due.table = el('table');
    const details = disclosure('Show as table', 'Deadlines as a table', rows => rows.append(due.table));
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
  due.table.replaceChildren(heading('From', 'Deadlines'), ...d.bars.map((n, i) => cells(clock(d.at + i * 1800e3), String(n))));
  soon();
}
let shownSoon = '';
export function soon() { // what has passed since it was asked for is not next any more
  if (!due.last || !state.frame) return;
  const coming = due.last.next.filter(n => n.at > state.frame.at).slice(0, 10);
  const key = JSON.stringify(coming);
  if (key === shownSoon) return;
  shownSoon = key;
  $('soon').replaceChildren(...(coming.length ? coming.map(n => {
    const li = el('li', `${new Date(n.at).toLocaleString()} `);
    if (n.id != null) li.append(link(n.id));
    return li;
  }) : [el('li', due.last.next.length ? 'Asking…' : 'None.', 'small')]));
  if (!coming.length && due.last.next.length && performance.now() - dueAt > 30_000) { dueAt = -Infinity; deadlines(); }
}
