// The message browser: one question at a time, which stands in the address, so that it
// can be sent to somebody else. It asks /api/v1/messages and keeps nothing.
import { html, render, useEffect, useRef, useState } from './vendor/htm-preact.module.js';
import { span } from './text.js';

const names = ['order', 'session', 'type', 'where', 'before'];
const page = 100;
const laneMax = 500;

// A condition has no blank, unless it stands in quotation marks.
const conditions = (text) => [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((m) => (m[1] !== undefined ? m[1] : m[2])).filter(Boolean);
const quoted = (c) => (/\s/.test(c) ? `"${c}"` : c);

const read = () => {
  const found = new URLSearchParams(location.search);
  const q = Object.fromEntries(names.map((n) => [n, found.get(n) || '']));
  q.where = found.getAll('where').map(quoted).join(' ');
  return q;
};

function params(q) {
  const p = new URLSearchParams();
  for (const n of names) {
    if (n === 'where') conditions(q.where).forEach((c) => p.append('where', c));
    else if (q[n].trim()) p.set(n, q[n].trim());
  }
  return p;
}

const link = (q) => `/messages?${params({ order: '', session: '', type: '', where: '', before: '', ...q })}`;

// useAnswer asks whenever a question is put, be it the same again; what an older one
// finds is dropped, and so is a look further back for it.
function useAnswer(q) {
  const [state, setState] = useState({ busy: true, error: '', answer: null });
  const asked = useRef(null);
  const key = params(q).toString();
  const ask = (more, old) => {
    if (asked.current) asked.current.abort();
    const stop = new AbortController();
    asked.current = stop;
    const p = new URLSearchParams(key);
    p.set('limit', q.order ? laneMax : page);
    if (more) p.set('before', more);
    setState({ busy: true, error: '', answer: old });
    fetch(`/api/v1/messages?${p}`, { signal: stop.signal }).then(async (r) => {
      if (!r.ok) throw new Error((await r.text()).trim());
      const found = await r.json();
      const known = new Set((old ? old.messages : []).map((m) => m.id));
      const messages = (old ? old.messages : []).concat(found.messages.filter((m) => !known.has(m.id)));
      setState({ busy: false, error: '', answer: { ...found, messages } });
    }).catch((e) => {
      if (e.name !== 'AbortError') setState({ busy: false, error: e.message || 'the gateway does not answer', answer: old });
    });
  };
  useEffect(() => ask('', null), [q]);
  return { ...state, more: () => ask(state.answer.since, state.answer) };
}

const after = (us) => {
  if (us < 1000) return `${us} µs`;
  return us < 100000 ? `${(us / 1000).toFixed(1)} ms` : span(Math.round(us / 1000));
};
const time = (stamp) => (stamp.slice(11, 19) + (stamp.slice(19, -1) || '.').padEnd(7, '0').slice(0, 7));
const framing = [8, 9, 10, 34, 35, 49, 52, 56];

function summary(m) {
  const shown = m.fields.filter((f) => [11, 41, 37, 17, 150, 39, 54, 38, 55, 44, 32, 31, 14, 151, 117, 131, 103, 58].includes(f.tag));
  return shown.map((f) => `${f.name || f.tag} ${f.meaning || f.value}`).join(' · ');
}

function Fields({ m }) {
  return html`<table class="fields"><tbody>${m.fields.map((f, i) => html`<tr key=${i} class=${framing.includes(f.tag) ? 'soft' : ''}>
    <td class="soft">${f.tag}</td><td>${f.name}</td><td>${f.value}</td><td class="soft">${f.meaning || ''}</td></tr>`)}</tbody></table>`;
}

function Row({ m, lane, first }) {
  const [open, setOpen] = useState(false);
  return html`<li class=${m.direction}><div class="body">
    <div class="row">
      <span title=${m.time}>${time(m.time)}</span>
      <span class="gap" title="since the message before it">${first ? '' : `+${after(m.after_us)}`}</span>
      <span class="arrow" title=${m.direction === 'in' ? 'from the client to the gateway' : 'from the gateway to the client'}>${m.direction === 'in' ? 'in →' : '← out'}</span>
      <span><button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>
        <span class="what">${m.name || `35=${m.type}`}</span> <span class="soft">${m.session} ${m.number}</span> ${summary(m)}</button>
        ${!lane && m.order_id ? html` <a href=${link({ order: m.order_id })}>lane of ${m.order_id}</a>` : ''}</span>
    </div>
    ${open ? html`<${Fields} m=${m} />` : ''}
  </div></li>`;
}

function Orders({ list }) {
  return list.map((o) => html`<section class="panel orders" aria-label=${`Order ${o.order_id}`} key=${o.order_id}>
    <span><b>${o.order_id}</b> ${o.cl_ord_id}</span>
    <span class=${o.side === 'buy' ? 'bid' : 'ask'}>${o.side} ${o.size} ${o.symbol}</span>
    <span>filled ${o.filled}</span><span>${o.status.replace('_', ' ')}${o.reason ? ` · ${o.reason}` : ''}</span>
    <span>account <a href=${link({ where: `1=${quoted(o.account)}` })}>${o.account}</a></span>
    <span class="soft">${o.created.slice(0, 10)} ${time(o.created)} – ${time(o.updated)}</span></section>`);
}

function Empty({ q, answer }) {
  if (q.order) {
    return html`<p class="empty">Nothing that was stored is about the order <code>${q.order}</code>. An id is an OrderID, a ClOrdID or the ExecID of a fill, as it was written.
      Requests that were refused before they were an order are looked for among the newest messages only.</p>`;
  }
  return html`<p class="empty">${answer.cut ? `Nothing was found back to ${answer.since.replace('T', ' ').slice(0, 19)}; there is more before that.` : 'No such message is stored.'}
    Quotes, market data and messages of the session itself are not kept. The command line looks through all of it: <code>gateway fix grep --data-dir DIR 11=A-17</code></p>`;
}

function Ask({ q, go }) {
  const form = useRef(null);
  const first = useRef(null);
  useEffect(() => {
    const key = (e) => {
      if (e.key === '/' && !/INPUT|TEXTAREA/.test(document.activeElement.tagName)) first.current.focus();
    };
    addEventListener('keyup', key);
    return () => removeEventListener('keyup', key);
  }, []);
  const sent = (e) => {
    e.preventDefault();
    go(Object.fromEntries(names.map((n) => [n, form.current.elements[n].value])));
  };
  const field = (name, label, hint, wide) => html`<label class=${wide ? 'wide' : ''}>${label}
    <input name=${name} ref=${name === 'where' ? first : null} defaultValue=${q[name]} placeholder=${hint} maxlength="200" autocomplete="off" spellcheck=${false} key=${q[name]} /></label>`;
  return html`<section class="panel" aria-label="Question"><form class="question" role="search" ref=${form} onSubmit=${sent}>
    ${field('where', 'Conditions', '39=8 Text~MARGIN', true)}${field('order', 'Order', 'O-17, A-17 or E-9')}${field('session', 'Session', 'DEMO1')}
    ${field('type', 'Types', 'D,8')}${field('before', 'Before, UTC', '2026-07-22T12:00:00Z')}
    <button type="submit">Search</button></form>
    <p class="hint">A condition is <code>TAG=VALUE</code>, <code>TAG~PATTERN</code> or <code>TAG</code>; all hold. <code>/</code> goes to the search, Enter opens a message.</p></section>`;
}

function Page() {
  const [q, setQ] = useState(read());
  useEffect(() => {
    const back = () => setQ(read());
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);
  const show = (address) => {
    history.pushState(null, '', address);
    setQ(read());
  };
  const followed = (e) => { // A link to another question needs no new page.
    const to = e.target.closest('a[href^="/messages"]');
    if (!to || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    show(to.getAttribute('href'));
  };
  const { busy, error, answer, more } = useAnswer(q);
  const list = answer ? answer.messages : [];
  const lane = q.order.trim() !== '';
  const sessions = [...new Set(list.map((m) => m.session))].join(', ');
  return html`<header><h1>Backstop <span class="soft">messages</span></h1><span class="grow"></span><a class="pill soft" href="/">desk</a></header>
    <main onClick=${followed}><${Ask} q=${q} go=${(next) => show(link(next))} />
    <p id="state" role="status" class=${error ? 'notice bad' : 'hint'}>${error || (busy ? 'Looking …' : `${list.length} ${list.length === 1 ? 'message' : 'messages'}${answer.cut ? ', there may be more' : ''}`)}</p>
    ${answer && lane ? html`<${Orders} list=${answer.orders} />` : ''}
    ${list.length ? html`<section class=${`panel ${lane ? 'lane' : ''}`} aria-label=${lane ? `Lane of ${q.order}` : 'Messages'}>
      ${lane ? html`<div class="ends"><span>client: ${sessions}</span><span>gateway</span></div>` : ''}
      <ol class="talk">${list.map((m, i) => html`<${Row} key=${m.id} m=${m} lane=${lane} first=${lane ? i === 0 : i === list.length - 1} />`)}</ol></section>` : ''}
    ${answer && !busy && !error && !list.length ? html`<${Empty} q=${q} answer=${answer} />` : ''}
    ${answer && !lane && answer.cut ? html`<p><button class="more" type="button" disabled=${busy} onClick=${more}>Look further back</button></p>` : ''}
    <p class="hint">Messages to clients are shown as they were stored. Requests are shown as the engine took them; their bytes are not kept.</p></main>`;
}

const root = document.getElementById('app');
root.textContent = '';
render(html`<${Page} />`, root);
