// What somebody who has signed in can do: first a dry run, then, with its token, the deed.
import {$, el, post, say, set} from './core.js';

const WORDS = {
  'resume expiration': 'Resume expiry…', 'resume relay': 'Resume publishing…', 'requeue all': 'Requeue all…',
  extend: 'Extend…', 'extend-due': 'Extend what is due soon…', 'extend-overdue': 'Extend what is overdue…',
};
const words = act => WORDS[act] || WORDS[act.split(' ')[0]] || act;

/** Asks for what it does by itself; those that move a deadline first ask where to. */
export function button(act, text = words(act)) {
  const made = el('button', text, 'act');
  made.type = 'button';
  made.addEventListener('click', () => act.startsWith('extend') ? askWhereTo(act) : ask(act));
  return made;
}

/** All that may be done about it; whoever resumes expiry may first want to move what is overdue. */
export const buttons = act => (act === 'resume expiration' ? [act, 'extend-overdue'] : [act]).map(one => button(one));

let done = () => {};
/** What to do after something was done. */
export function whenDone(callback) { done = callback; }

let moving = null;
function askWhereTo(act) {
  moving = act;
  set('hm', words(act).replace('…', ''));
  $('withins').hidden = act.startsWith('extend ');
  $('within').required = act === 'extend-due';
  set('unmoved', '');
  $('moving').showModal();
}
$('move').addEventListener('submit', async e => {
  e.preventDefault();
  const where = {by: $('by').value.trim()};
  if (!$('withins').hidden) where.within = $('within').value.trim();
  const problem = await ask(moving, where);
  if (problem) set('unmoved', problem);
});
$('unmove').addEventListener('click', () => $('moving').close());

let token = null;
/** Returns what is wrong, and says so, where nothing else does. */
async function ask(act, more = {}) {
  const [action, ...target] = act.split(' ');
  const refused = text => { if (!$('moving').open) say(text); return text; };
  try {
    const answer = await post('console/preview', {action, target: target.join(' '), ...more});
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) return refused(found.error || `It could not be asked for (HTTP ${answer.status}).`);
    token = found;
    $('moving').close();
    set('hq', words(act).replace('…', ''));
    set('would', found.text);
    $('typing').hidden = !found.typed;
    $('typing').firstChild.textContent = `Type the number ${found.count} `;
    $('typed').value = ''; $('typed').required = found.typed;
    $('reason').value = '';
    if (!$('who').value) $('who').value = $('user').value;
    set('refused', '');
    $('doing').showModal();
    return null;
  } catch { return refused('Lapse does not answer.'); }
}
$('deed').addEventListener('submit', async e => {
  e.preventDefault();
  $('doit').disabled = true;
  try {
    const answer = await post('console/act', {token: token.token, typed: token.typed ? Number($('typed').value) : null, name: $('who').value, reason: $('reason').value});
    const found = await answer.json().catch(() => ({}));
    if (answer.ok) { $('doing').close(); say(found.done); done(); }
    else set('refused', found.error || `HTTP ${answer.status}`);
  } catch { set('refused', 'Lapse does not answer. Look whether it was done before you do it again.'); }
  $('doit').disabled = false;
});
$('undo').addEventListener('click', () => $('doing').close());
