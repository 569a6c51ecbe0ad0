// The live page. It shows what /events says and keeps nothing else.
import { html, render, useEffect, useState } from './vendor/htm-preact.module.js';
import { Plot } from './plot.js';
import { bps, clock, fixed, signed, span } from './text.js';

const pointsMax = 1200;
const silenceMax = 6000; // ms without a message after which the line counts as broken
const unit = '0.000001'; // of prices and money; parts and books are shown to the last unit
const again = 2000; // ms until a refused stream is tried anew

// Why a price has a part of this name, in the order in which the maker adds them.
const why = {
  oracle: 'outside price', recentre: 'reserves against the outside price', base: 'base spread',
  volatility: 'volatility and confidence', retreat: 'reserve price away from oracle', inventory: 'what the side already carries',
  leverage: 'maker leverage', revenue: 'recent losses', wide: 'price only partly trusted', cap: 'largest spread',
  offset: 'shift towards flat', impact: 'depth of this level', floor: 'least distance from oracle', rounding: 'to the tick',
};

function merge(old, update) {
  const points = update.whole ? {} : { ...old.points };
  for (const [symbol, fresh] of Object.entries(update.points)) {
    const known = (points[symbol] || []).filter((p) => p.t < fresh[0].t);
    points[symbol] = known.concat(fresh).slice(-pointsMax);
  }
  return { live: true, status: update.status, points };
}

function useEvents() {
  const [state, setState] = useState({ live: false, status: null, points: {} });
  useEffect(() => {
    let source, silence, retry;
    const lost = () => setState((old) => (old.live ? { ...old, live: false } : old));
    const open = () => {
      clearTimeout(retry);
      source?.close();
      source = new EventSource('/events');
      source.onmessage = (e) => {
        clearTimeout(silence);
        silence = setTimeout(() => { lost(); open(); }, silenceMax);
        setState((old) => merge(old, JSON.parse(e.data)));
      };
      source.onerror = () => {
        lost();
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, again);
      };
    };
    open();
    return () => { clearTimeout(silence); clearTimeout(retry); source.close(); };
  }, []);
  return state;
}

// useChosen keeps the market in the address, so that a reload shows the same.
function useChosen(markets) {
  const read = () => decodeURIComponent(location.hash.slice(1));
  const [symbol, setSymbol] = useState(read());
  useEffect(() => {
    const changed = () => setSymbol(read());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return markets.find((m) => m.symbol === symbol) || markets[0];
}

const tone = (m) => (m.state === 'open' && m.quote_state === 'two_sided' ? 'good' : m.state === 'halted' ? 'bad' : 'warn');
const stateText = (m) => m.state.replace('_', ' ');
const offerText = (m) => m.quote_state.replace('_', '-').replace('_', ' ');

function reasonText(m) {
  if (m.state === 'warming') return 'waits for its first good price';
  if (m.cause) return m.cause;
  return m.quote_state === 'two_sided' ? '' : 'no reason given';
}

function Meter({ m }) {
  if (!m.leverage_cap_units) return html`<span>${m.leverage}</span>`;
  const part = Math.min(1, m.leverage_units / m.leverage_cap_units);
  return html`<span class="lever"><span>${m.leverage_units > 0 && m.leverage_units < 10000 ? '< 0.01' : (m.leverage_units / 1e6).toFixed(2)} <span class="soft">of ${m.leverage_cap}</span></span>
    <span class="meter" role="meter" aria-label="maker leverage" aria-valuemin="0" aria-valuemax=${m.leverage_cap} aria-valuenow=${m.leverage}>
      <b class=${part > 0.8 ? 'hot' : ''} style=${{ width: `${(part * 100).toFixed(1)}%` }}></b></span></span>`;
}

function Overview({ markets, chosen }) {
  return html`<section class="panel" aria-label="Markets"><div class="scroll"><table class="overview">
    <thead><tr><th>Market</th><th class="l">State</th><th>Bid size</th><th>Bid</th><th>Ask</th><th>Ask size</th><th>Spread bps</th>
      <th>Oracle</th><th>± Conf.</th><th>Age</th><th>Inventory</th><th>Leverage</th></tr></thead>
    <tbody>${markets.map((m) => {
      const bid = m.bids[0], ask = m.asks[0];
      return html`<tr key=${m.symbol} class=${m === chosen ? 'on' : ''}>
        <td><a href=${`#${m.symbol}`} aria-current=${m === chosen ? 'true' : null}>${m.symbol}</a></td>
        <td class="l"><span class=${`pill ${tone(m)}`}>${stateText(m)}</span> <span class="soft">${tone(m) === 'good' ? 'two-sided' : [offerText(m), reasonText(m)].filter(Boolean).join(' · ')}</span></td>
        <td class="soft">${bid ? bid.size : ''}</td><td class="bid strong">${bid ? fixed(bid.price, m.tick) : '–'}</td>
        <td class="ask strong">${ask ? fixed(ask.price, m.tick) : '–'}</td><td class="soft">${ask ? ask.size : ''}</td>
        <td>${bid && ask ? bps(ask.price_units - bid.price_units, m.oracle_units) : '–'}</td>
        <td>${m.oracle_units ? fixed(m.oracle, m.tick) : '–'}</td><td class="soft">${m.oracle_units ? fixed(m.confidence, m.tick) : ''}</td>
        <td class=${m.oracle_max_age_ms && m.oracle_age_ms > m.oracle_max_age_ms ? 'bad' : 'soft'}>${m.oracle_units ? span(m.oracle_age_ms) : ''}</td>
        <td>${signed(m.inventory)}</td><td><${Meter} m=${m} /></td></tr>`;
    })}</tbody>
  </table></div></section>`;
}

function Components({ m }) {
  if (!m.bids.length && !m.asks.length) {
    return html`<p class="empty">No quote to take apart: ${stateText(m)}, ${reasonText(m)}. It returns by itself when the price may be trusted again; see <code>/readyz</code>.</p>`;
  }
  const names = [...new Set([...m.bid_components, ...m.ask_components].map((c) => c.name))];
  const sum = (parts) => parts.reduce((all, c) => all + c.amount_units, 0);
  const part = (parts, name) => parts.find((c) => c.name === name);
  const cells = (c, name) => {
    if (!c) return html`<td></td><td></td>`;
    const zero = c.amount_units === 0;
    return html`<td class=${zero ? 'soft' : ''}>${name === 'oracle' ? fixed(c.amount, unit) : zero ? '0' : signed(c.amount, unit)}</td>
      <td class="soft">${name === 'oracle' ? '' : zero ? '' : bps(c.amount_units, m.oracle_units)}</td>`;
  };
  const exact = (parts, best) => !best || sum(parts) === best.price_units;
  const adds = exact(m.bid_components, m.bids[0]) && exact(m.ask_components, m.asks[0]);
  const total = (best, side) => html`<td class=${side}>${best ? fixed(best.price, m.tick) : '–'}</td><td></td>`;
  return html`<div class="scroll"><table class="parts">
    <thead><tr><th>Part of the price</th><th>Bid</th><th>bps</th><th>Ask</th><th>bps</th></tr></thead>
    <tbody>${names.map((n) => html`<tr key=${n} title=${why[n] || ''}><td>${n} <span class="soft why">${why[n] || ''}</span></td>${cells(part(m.bid_components, n), n)}${cells(part(m.ask_components, n), n)}</tr>`)}</tbody>
    <tfoot><tr><td>best price <span class=${adds ? 'good' : 'bad'}>${adds ? '✓ adds up' : '✗ does not add up'}</span></td>${total(m.bids[0], 'bid')}${total(m.asks[0], 'ask')}</tr></tfoot>
  </table></div>`;
}

function Ladder({ m }) {
  const rows = Math.max(m.bids.length, m.asks.length);
  if (!rows) return html`<p class="empty">Nothing is offered.</p>`;
  return html`<div class="scroll"><table><thead><tr><th>Size</th><th>Bid</th><th>Ask</th><th>Size</th></tr></thead>
    <tbody>${Array.from({ length: rows }, (_, i) => html`<tr key=${i}>
      <td class="soft r">${m.bids[i] ? m.bids[i].size : ''}</td><td class="bid">${m.bids[i] ? fixed(m.bids[i].price, m.tick) : ''}</td>
      <td class="ask">${m.asks[i] ? fixed(m.asks[i].price, m.tick) : ''}</td><td class="soft">${m.asks[i] ? m.asks[i].size : ''}</td></tr>`)}</tbody></table></div>`;
}

function Facts({ m }) {
  const fact = (name, value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return html`<dl class="facts">
    ${fact('Inventory', signed(m.inventory))}
    ${fact('Leverage', html`<${Meter} m=${m} />`)}
    ${fact(`Equity, ${m.currency}`, fixed(m.equity))}
    ${fact('Open interest', fixed(m.open_interest))}
    ${fact('Mid after re-centring', m.mid_units ? fixed(m.mid, m.tick) : '–')}
    ${fact('Sources', m.oracle_sources)}
    ${fact('Fills since start', m.fills)}
    ${fact('Quote', `${m.quote_version} · ${clock(m.quote_time)}`)}
  </dl>`;
}

function Market({ m, points, now }) {
  return html`<section class="panel market" aria-label=${m.symbol}>
    <h2>${m.symbol} <span class=${`pill ${tone(m)}`}>${stateText(m)}</span> <span class="soft">${offerText(m)}${reasonText(m) ? ` · ${reasonText(m)}` : ''}</span></h2>
    <div class="market-body">
      ${points.length ? html`<${Plot} symbol=${m.symbol} tick=${m.tick} points=${points} now=${now} />`
        : html`<p class="empty chart">No price yet. The plot begins with the first quote: a feed must name ${m.symbol} and enough of its sources must answer.</p>`}
      <${Components} m=${m} />
      <div class="side"><${Facts} m=${m} /><${Ladder} m=${m} /></div>
    </div>
  </section>`;
}

function Box({ title, note, children, label }) {
  return html`<section class="panel box"><h3>${title} ${note ? html`<span class="note">${note}</span>` : ''}</h3>
    <div class="scroll tall" tabindex="0" role="region" aria-label=${label || title}>${children}</div></section>`;
}

// said is where the messages are that have this in common.
const said = (name, value) => `/messages?${new URLSearchParams({ [name]: value })}`;

function Sessions({ list }) {
  const up = list.filter((s) => s.up).length;
  return html`<${Box} title="Sessions" note=${list.length ? `${up} of ${list.length} up` : ''}>${list.length ? html`<table>
    <thead><tr><th>CompID</th><th class="l">State</th><th>Next in</th><th>out</th><th>Queue</th><th>Last in</th></tr></thead>
    <tbody>${list.map((s) => html`<tr key=${s.comp_id} title=${s.addr || 'not connected'}><td><a href=${said('session', s.comp_id)}>${s.comp_id}</a></td><td class=${`l ${s.up ? 'good' : 'soft'}`}>${s.up ? '● up' : '○ down'}</td>
      <td>${s.next_in}</td><td>${s.next_out}</td><td class=${s.queue_bytes ? '' : 'soft'}>${s.queue_bytes} B</td><td class="soft">${clock(s.last_in)}</td></tr>`)}</tbody>
  </table>` : html`<p class="empty">No session is configured. Add a <code>[[session]]</code>; <code>gateway config init</code> shows one.</p>`}</${Box}>`;
}

function Fills({ list, markets, symbol }) {
  const tick = (name) => (markets.find((m) => m.symbol === name) || { tick: '1' }).tick;
  return html`<${Box} title="Last fills" note=${list.length ? `${list.length} newest` : ''}>${list.length ? html`<table>
    <thead><tr><th>Time</th><th class="l">Market</th><th class="l">Account</th><th class="l">Side</th><th>Size</th><th>Price</th><th>Fee</th></tr></thead>
    <tbody>${list.map((f) => html`<tr key=${f.exec_id} title=${`${f.trade_id} · order ${f.order_id} · liquidity ${f.liquidity}`}><td><a href=${said('order', f.order_id)} aria-label=${`Messages about order ${f.order_id}`}>${clock(f.time)}</a></td><td class="l">${f.symbol}</td><td class="l"><a href=${said('where', `1=${f.account}`)}>${f.account}</a></td>
      <td class=${`l ${f.side === 'buy' ? 'bid' : 'ask'}`}>${f.side}${f.busted ? ' (busted)' : ''}</td><td>${f.size}</td><td>${fixed(f.price, tick(f.symbol))}</td><td class="soft">${fixed(f.fee, unit)}</td></tr>`)}</tbody>
  </table>` : html`<p class="empty">No fills since the start. Send one:</p><pre><code>${`gateway client order \\\n  --symbol ${symbol} --buy 0.5 --market`}</code></pre>`}</${Box}>`;
}

function Ledger({ ledger }) {
  const zero = ledger.sum_units === 0;
  return html`<${Box} title="Books" note=${html`<span id="ledger" class=${zero ? 'good' : 'bad'}>sum ${fixed(ledger.sum)}${zero ? ' ✓' : ' – must be 0'}</span>`} label="Books">
    ${ledger.balances.length ? html`<table><thead><tr><th>Owner</th><th class="l">Account</th><th>Balance</th></tr></thead>
      <tbody>${ledger.balances.map((b) => html`<tr key=${`${b.owner} ${b.account}`}><td>${b.owner}</td><td class="l">${b.account}</td><td class=${b.balance_units ? '' : 'soft'}>${b.balance_units ? fixed(b.balance, unit) : '0'}</td></tr>`)}</tbody></table>`
      : html`<p class="empty">No account has a balance. Deposits come with the configuration: give an account a <code>deposit</code>.</p>`}</${Box}>`;
}

function Orders({ orders }) {
  const rows = [['orders accepted', orders.accepted], ['orders rejected', orders.rejected], ['orders canceled', orders.canceled], ['fills', orders.fills], ['cancels refused', orders.cancel_rejects], ['quotes refused', orders.quote_refusals]];
  return html`<${Box} title="Requests" note="since start"><table>
    <tbody>${rows.map(([name, n]) => html`<tr key=${name}><td>${name}</td><td class=${n ? '' : 'soft'}>${fixed(String(n))}</td></tr>`)}
    ${orders.reasons.map((r) => html`<tr key=${r.reject}><td class="reason"><a href=${said('where', `58~${r.reject}`)}>${r.reject}</a></td><td>${fixed(String(r.count))}</td></tr>`)}</tbody></table></${Box}>`;
}

// Clients shows how each session is treated, what became of its held orders and
// how the price moved for it after its fills.
function Clients({ list }) {
  if (!list.length) return '';
  const horizons = [...new Set(list.flatMap((c) => c.markouts.map((x) => x.horizon_ms)))].sort((a, b) => a - b);
  const pill = { firm: 'good', toxic: 'bad' };
  const mark = (c, h) => {
    const x = c.markouts.find((y) => y.horizon_ms === h);
    return x && x.fills ? html`<td title=${`${x.fills} fills; after ${x.refusals} refusals ${bps(x.refusals_move_units, 1e6)}`}>${bps(x.fills_move_units, 1e6)}</td>` : html`<td class="soft">–</td>`;
  };
  return html`<section class="panel" aria-label="Clients"><h3>Clients <span class="note">markouts in bps, positive in the client's favour</span></h3>
    <div class="scroll tall" tabindex="0" role="region" aria-label="Clients"><table>
    <thead><tr><th>Session</th><th class="l">Market</th><th class="l">Tier</th><th>Surcharge</th><th>Held</th><th>Quoted</th><th>Improved</th><th>Current</th><th>Refused</th>
      ${horizons.map((h) => html`<th key=${h}>${h < 1000 ? `${h} ms` : `${h / 1000} s`}</th>`)}</tr></thead>
    <tbody>${list.map((c) => html`<tr key=${`${c.session} ${c.symbol}`} title=${c.why ? `${c.why}, score ${c.score}` : ''}><td>${c.session}</td><td class="l">${c.symbol}</td>
      <td class="l"><span class=${`pill ${pill[c.tier] || 'warn'}`}>${c.tier}</span> <span class="soft">${c.held_until ? `until ${clock(c.held_until)}` : ''}</span></td>
      <td class=${c.surcharge_units ? '' : 'soft'}>${bps(c.surcharge_units, 1e6)}</td><td>${c.held}</td><td>${c.accepted}</td><td>${c.improved}</td><td>${c.current}</td>
      <td title=${`price ${c.refused_price}, validity ${c.refused_validity}, expired ${c.refused_expired}`}>${c.refused_price + c.refused_validity + c.refused_expired}</td>
      ${horizons.map((h) => mark(c, h))}</tr>`)}</tbody></table></div></section>`;
}

function Header({ live, status }) {
  return html`<header>
    <h1>Backstop <span class="soft">desk</span></h1>
    <span id="live" role="status" class=${`pill ${live ? 'good' : 'bad'}`}>${live ? '● live' : '○ reconnecting'}</span>
    <a id="ready" class=${`pill ${status.ready ? 'good' : 'bad'}`} href="/readyz">${status.ready ? 'ready' : 'not ready'}</a>
    <span class=${`pill ${status.ledger.sum_units === 0 ? 'good' : 'bad'}`}>ledger sum ${fixed(status.ledger.sum)}</span>
    <span class="soft grow">up ${span(status.uptime_seconds * 1000)} · command ${fixed(String(status.seq))} · ${status.version}</span>
    <a class="pill soft" href="/messages">messages</a>
    <span class="soft">${clock(status.time)} UTC</span>
  </header>`;
}

function Page() {
  const { live, status, points } = useEvents();
  const markets = status ? status.markets : [];
  const m = useChosen(markets);
  useEffect(() => {
    const bid = m && m.bids[0], ask = m && m.asks[0];
    document.title = m ? `${live ? '' : '(offline) '}${m.symbol} ${bid ? bid.price : '–'} / ${ask ? ask.price : '–'} · Backstop desk` : 'Backstop desk';
  });
  if (!status) return html`<p class="wait" role="status">Connecting to the gateway … If this stays, look whether it runs: <code>gateway status</code></p>`;
  return html`<${Header} live=${live} status=${status} />
    <main class=${live ? '' : 'old'}>
      ${live ? '' : html`<p class="notice bad">The line to the gateway is down. What you see is from ${clock(status.time)} UTC; the page keeps trying.</p>`}
      ${status.warnings.map((w) => html`<p class="notice warn" key=${w}>${w}</p>`)}
      ${m ? html`<${Overview} markets=${markets} chosen=${m} /><${Market} key=${m.symbol} m=${m} points=${points[m.symbol] || []} now=${Date.parse(status.time)} />`
        : html`<section class="panel"><p class="empty">No market is listed. Add a <code>[[market]]</code> to the configuration; <code>gateway config init</code> shows one.</p></section>`}
      <${Clients} list=${status.clients} />
      <div class="boxes"><${Fills} list=${status.fills} markets=${markets} symbol=${m ? m.symbol : 'BTC-PERP'} /><${Sessions} list=${status.sessions} /><${Ledger} ledger=${status.ledger} /><${Orders} orders=${status.orders} /></div>
    </main>`;
}

const root = document.getElementById('app');
root.textContent = '';
render(html`<${Page} />`, root);
