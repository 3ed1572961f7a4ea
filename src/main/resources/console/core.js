// What all parts of the page share.
export const $ = id => document.getElementById(id);
export const el = (tag, text, cls) => {
  const made = document.createElement(tag);
  if (text != null) made.textContent = text;
  if (cls) made.className = cls;
  return made;
};

export const state = {
  authorization: null, // never stored, never a cookie
  samples: [], // rows of the frames: seq, at, recorded, published, p50, p99, backlog, overdue, expired
  frame: null,
};
export const signed = () => state.authorization !== null;
export const isLife = () => location.pathname.endsWith('/approval');

export const span = s => s == null ? '' : s < 1 ? `${Math.round(s * 1000)} ms` : s < 120 ? `${s.toFixed(1)} s`
  : s < 7200 ? `${Math.floor(s / 60)} min` : s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
export const millis = v => v == null ? '–' : v < 1000 ? `${Math.round(v)} ms` : span(v / 1000);
export const clock = at => new Date(at).toLocaleTimeString([], {hour12: false});
export const set = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };

export async function get(path, more = {}) {
  const headers = {...more.headers, ...(state.authorization ? {Authorization: state.authorization} : {})};
  return fetch(path, {signal: AbortSignal.timeout(8000), ...more, headers, credentials: 'omit', cache: 'no-store'});
}
export const post = (path, body) => get(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body), signal: AbortSignal.timeout(30_000)});

export function command(text) {
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

let saying = 0;
export function say(text) {
  $('said').hidden = false; set('said', text);
  clearTimeout(saying); saying = setTimeout(() => { $('said').hidden = true; }, 12_000);
}

export function link(id) {
  const made = el('a', id);
  made.href = 'approval?id=' + encodeURIComponent(id);
  return made;
}
/** What is behind it is asked for when it is opened first. */
export function disclosure(title, label, fill) {
  const made = el('details'), rows = el('div', null, 'rows');
  rows.tabIndex = 0; rows.setAttribute('role', 'region'); rows.setAttribute('aria-label', label);
  made.append(el('summary', title), rows);
  made.addEventListener('toggle', () => { if (made.open) fill(rows); });
  return made;
}
export function heading(...texts) {
  const row = el('tr');
  row.append(...texts.map(text => { const th = el('th', text); th.scope = 'col'; return th; }));
  return row;
}
export function cells(...texts) {
  const row = el('tr');
  row.append(...texts.map(text => el('td', text)));
  return row;
}
