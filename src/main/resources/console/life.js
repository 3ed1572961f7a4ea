// The life of one approval; the same as `lapse explain ID`.
import {$, cells, command, disclosure, el, get, heading, set, signed} from './core.js';
import {button} from './actions.js';

const PAUSED = ['PAUSED', 'MASS_EXPIRY_PROTECTION'];
const MOVABLE = ['NOT_DUE', 'REFUSED_LATER', ...PAUSED];

export async function life() {
  const id = new URLSearchParams(location.search).get('id') || '';
  $('life').hidden = false;
  set('subject', `Approval ${id}`);
  clear();
  if (!signed()) { set('why', 'Sign in to see the life of an approval.'); if (!$('signing').open) $('signing').showModal(); return; }
  set('why', 'Asking…');
  try {
    const answer = await get('console/life?id=' + encodeURIComponent(id));
    if (!signed()) return;
    if (!answer.ok) { set('why', answer.status === 401 ? 'The password is wrong, or none is set (lapse.management.password).' : `It could not be asked for (HTTP ${answer.status}).`); return; }
    show(id, await answer.json());
  } catch { set('why', 'Lapse does not answer.'); }
}

function clear() {
  for (const one of ['facts', 'note']) set(one, '');
  for (const one of ['timeline', 'action', 'deeds', 'raw']) $(one).replaceChildren();
}

function show(id, l) {
  clear();
  set('why', l.why);
  $('action').hidden = !l.action;
  if (l.action) $('action').append(command(l.action), ...(PAUSED.includes(l.cause) ? [button('resume expiration')] : []));
  set('facts', l.status == null ? '' : `status ${l.status}, deadline ${l.deadline || 'none'}`);
  if (MOVABLE.includes(l.cause)) $('deeds').append(button(`extend ${id}`));
  $('timeline').append(...l.timeline.map(moment));
  set('note', l.note || '');
  if (l.status != null) $('raw').append(disclosure('Show the row', 'The row of the approval', rows => fill(rows, 'console/row?id=' + encodeURIComponent(id))));
}

function moment(m) {
  const li = el('li', null, m.what);
  const when = el(m.at ? 'time' : 'span', m.at || 'time unknown', 'when');
  if (m.at) when.dateTime = m.at;
  li.append(when, el('strong', m.what), ' ', m.text, ' ');
  if (m.record != null && m.what === 'published') li.append(button(`replay ${m.record}`, 'Replay this…'));
  if (m.record != null && m.what === 'blocked') li.append(button(`requeue ${m.record}`, 'Requeue…'));
  if (m.record != null && !['published', 'blocked'].includes(m.what)) li.append(disclosure('Show the payload', `Record ${m.record}`, rows => fill(rows, `console/record?id=${m.record}`)));
  return li;
}

async function fill(rows, path) {
  if (rows.hasChildNodes()) return;
  rows.append(el('p', 'Asking…', 'small'));
  try {
    const answer = await get(path);
    const found = await answer.json().catch(() => ({}));
    const table = el('table', null, 'values');
    table.append(heading('Column', 'Value'), ...(found.columns || []).map(c => cells(c.name, c.unreadable ? 'The role of the service may not read it.' : c.value ?? 'NULL')));
    rows.replaceChildren(answer.ok ? table : el('p', found.error || `HTTP ${answer.status}`, 'small'));
  } catch { rows.replaceChildren(el('p', 'Lapse does not answer.', 'small')); }
}
