// The last 15 minutes, drawn on canvas; each chart is a table, too.
import {$, cells, clock, disclosure, el, heading, millis, state} from './core.js';

const CHARTS = [
  {title: 'Events per second', lines: [[2, 'recorded', '--blue', []], [3, 'published', '--green', [4, 3]]], say: v => v == null ? '–' : v.toFixed(1)},
  {title: 'Expiry delay', lines: [[4, 'p50', '--blue', []], [5, 'p99', '--amber', [4, 3]]], say: millis, log: true},
  {title: 'Backlog', lines: [[6, 'backlog', '--blue', []]], say: v => v == null ? '–' : String(v)},
];
let drawnAt = 0;
export function charts(now = false) {
  if (!now && performance.now() - drawnAt < 900) return;
  drawnAt = performance.now();
  CHARTS.forEach(c => { if (!c.figure) make(c); draw(c); });
}
function make(c) {
  c.figure = el('figure');
  c.canvas = el('canvas');
  c.canvas.setAttribute('role', 'img');
  c.says = el('p', '', 'small');
  c.table = el('table');
  const details = disclosure('Show as table', c.title + ' as a table', rows => { rows.append(c.table); draw(c); });
  c.details = details;
  const caption = el('figcaption', c.title);
  if (c.lines.length > 1) caption.append(el('span', ` ${c.lines[0][1]} solid, ${c.lines[1][1]} dashed`, 'small'));
  c.figure.append(caption, c.canvas, c.says, details);
  $('charts').append(c.figure);
}
function draw(c) {
  const samples = state.samples;
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
    c.table.replaceChildren(heading('Time', ...c.lines.map(l => l[1])),
      ...samples.slice().reverse().map(s => cells(clock(s[1]), ...c.lines.map(l => c.say(s[l[0]])))));
  }
}
