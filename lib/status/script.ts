/**
 * The one script, for the browser, plain. A page without it is whole, but stands still: its slots are read by
 * their titles, and its reader has to look at "as of".
 */
export const SCRIPT = `(() => {
'use strict';
const STALE_MS = 180000, LOOK_MS = 5000, REFRESH_LOOKS = 6;
const root = document.documentElement;
const main = () => document.getElementById('main');
const asOf = () => document.getElementById('as-of');
root.classList.add('js');

// 1. A page that got old, in a cache or in a tab, says so.
function age() {
  if (!asOf() || root.classList.contains('aged')) return;
  if (Math.abs(Date.now() - Date.parse(asOf().dateTime)) <= STALE_MS) return;
  root.classList.add('aged');
  for (const part of document.querySelectorAll('[data-aged]')) part.textContent = part.dataset.aged;
}

// 2. It looks for a newer one, at each look while all is new, but not while someone reads a bar or stands on a link.
const engaged = () => tip.isConnected || (document.activeElement !== main() && main().contains(document.activeElement));
async function refresh() {
  if (document.hidden || (engaged() && !root.classList.contains('aged'))) return;
  try {
    const answer = await fetch(location.pathname, { cache: 'no-cache' });
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  } catch {
    // Offline: this page gets old, and says so.
  }
}
function show(next) {
  const script = (page) => page.querySelector('script[src]')?.getAttribute('src');
  if (script(next) !== script(document)) return location.reload();
  for (const { dataset } of document.querySelectorAll('details[open]')) {
    for (const same of next.querySelectorAll('details')) if (same.dataset.key === dataset.key) same.open = true;
  }
  root.classList.toggle('aged', next.documentElement.classList.contains('aged'));
  document.querySelector('title').replaceWith(next.querySelector('title'));
  main().replaceWith(next.getElementById('main'));
  age();
}

// 3. The bars tell what happened in each slot: to the mouse, the finger, the arrow keys.
const SLOTS = {
  day: [86400000, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }],
  hour: [3600000, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }],
  minute: [60000, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }],
};
const tip = document.createElement('div');
tip.className = 'tip';
tip.setAttribute('aria-hidden', 'true');
function tell(bar, index) {
  const slot = bar.querySelector('.slots').children[index];
  if (!slot) return;
  hide();
  const [ms, form] = SLOTS[bar.dataset.unit];
  const time = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...form }).format(Number(bar.dataset.from) + index * ms);
  const what = slot.title || (slot.className ? 'no data' : 'no downtime');
  slot.classList.add('on');
  bar.querySelector('input').setAttribute('aria-valuetext', time + ': ' + what);
  const when = document.createElement('b');
  when.textContent = time;
  tip.replaceChildren(when, what[0].toUpperCase() + what.slice(1));
  bar.append(tip);
  const left = slot.offsetLeft + (slot.offsetWidth - tip.offsetWidth) / 2;
  tip.style.left = Math.max(0, Math.min(left, bar.clientWidth - tip.offsetWidth)) + 'px';
}
function hide() {
  tip.remove();
  for (const slot of document.querySelectorAll('.slots .on')) slot.classList.remove('on');
}
const barOf = (event) => (event.target instanceof Element ? event.target.closest('.bar') : null);
document.addEventListener('pointermove', (event) => {
  if (tip.contains(event.target)) return;
  const bar = barOf(event);
  if (!bar) return tip.isConnected && hide();
  const box = bar.getBoundingClientRect();
  const { children } = bar.querySelector('.slots');
  tell(bar, Math.min(children.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * children.length))));
});
document.addEventListener('pointercancel', hide);
root.addEventListener('pointerleave', hide);
document.addEventListener('input', (event) => barOf(event) && tell(barOf(event), Number(event.target.value)));
document.addEventListener('focusin', (event) => {
  if (barOf(event) && event.target.matches(':focus-visible')) tell(barOf(event), Number(event.target.value));
});
document.addEventListener('focusout', hide);
document.addEventListener('keydown', (event) => event.key === 'Escape' && hide());

let looks = 0;
function look() {
  age();
  looks += 1;
  if (!asOf() || 'new' in asOf().dataset || looks % REFRESH_LOOKS === 0) refresh();
}
age();
setInterval(look, LOOK_MS);
document.addEventListener('visibilitychange', () => { age(); refresh(); });
})();
`;
