// The live page. It shows what /events says and keeps nothing else; amounts are
// decimal texts and are shown as they are.
import { html, render, useEffect, useRef, useState } from './vendor/htm-preact.module.js';

const pointsMax = 600;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function useEvents() {
  const [state, setState] = useState({ live: false, status: null, points: {} });
  useEffect(() => {
    const source = new EventSource('/events');
    source.onmessage = (e) => {
      const { status, points } = JSON.parse(e.data);
      setState((old) => {
        const all = { ...old.points };
        for (const [symbol, fresh] of Object.entries(points)) {
          const known = (all[symbol] || []).filter((p) => p.t < fresh[0].t);
          all[symbol] = known.concat(fresh).slice(-pointsMax);
        }
        return { live: true, status, points: all };
      });
    };
    source.onerror = () => setState((old) => ({ ...old, live: false }));
    return () => source.close();
  }, []);
  return state;
}

function options(width) {
  const line = (label, color, w) => ({ label, stroke: color, width: w, spanGaps: false, points: { show: false } });
  const axis = { stroke: css('--soft'), grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line') } };
  return {
    width, height: 210, cursor: { y: false }, legend: { show: false },
    scales: { x: { time: true } },
    axes: [axis, { ...axis, size: 74, values: (u, ticks) => ticks.map((v) => v.toLocaleString('en', { maximumFractionDigits: 6 })) }],
    series: [{}, line('low', 'transparent', 0), line('high', 'transparent', 0), line('oracle', css('--oracle'), 1), line('bid', css('--bid'), 2), line('ask', css('--ask'), 2)],
    bands: [{ series: [2, 1], fill: css('--band') }],
  };
}

function Plot({ symbol, points }) {
  const box = useRef(null);
  const plot = useRef(null);
  const column = (k) => points.map((p) => p[k] ?? null);
  const data = [points.map((p) => p.t / 1000), column('lo'), column('hi'), column('o'), column('b'), column('a')];
  useEffect(() => {
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(box.current.clientWidth), data, box.current);
    };
    draw();
    const sized = new ResizeObserver(() => plot.current.setSize({ width: box.current.clientWidth, height: 210 }));
    sized.observe(box.current);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => { sized.disconnect(); scheme.removeEventListener('change', draw); plot.current?.destroy(); };
  }, []);
  useEffect(() => { plot.current?.setData(data); });
  const last = points[points.length - 1];
  return html`<div>
    <div class="plot" ref=${box} role="img" aria-label=${`Bid, ask and oracle price of ${symbol} over time`}
      data-symbol=${symbol} data-points=${points.length} data-last=${last ? last.t : 0}></div>
    <div class="legend"><span><i class="i-bid"></i>bid</span><span><i class="i-ask"></i>ask</span><span><i class="i-oracle"></i>oracle</span><span><i class="i-band"></i>confidence band</span></div>
  </div>`;
}

function Components({ m }) {
  if (!m.bids.length && !m.asks.length) return html`<p class="empty">No quote to take apart: ${m.state}${m.cause ? `, ${m.cause}` : ''}.</p>`;
  const names = [...new Set([...m.bid_components, ...m.ask_components].map((c) => c.name))];
  const find = (parts, name) => (parts.find((c) => c.name === name) || { amount: '' }).amount;
  return html`<div class="scroll"><table>
    <thead><tr><th>component</th><th>bid</th><th>ask</th></tr></thead>
    <tbody>${names.map((n) => html`<tr key=${n}><td>${n}</td><td>${find(m.bid_components, n)}</td><td>${find(m.ask_components, n)}</td></tr>`)}</tbody>
    <tfoot><tr><td>= best price</td><td class="bid">${m.bids[0] ? m.bids[0].price : '–'}</td><td class="ask">${m.asks[0] ? m.asks[0].price : '–'}</td></tr></tfoot>
  </table></div>`;
}

const tone = (state) => (state === 'open' ? 'good' : state === 'halted' ? 'bad' : 'warn');

function Market({ m, points }) {
  const leverage = Number(m.leverage);
  const step = Math.min(20, Math.ceil((leverage / 3) * 20));
  const touch = (l) => (l ? `${l.price} × ${l.size}` : 'not offered');
  return html`<section class="panel" aria-label=${m.symbol}>
    <div class="market-head">
      <h2>${m.symbol}</h2>
      <span class=${`pill ${tone(m.state)}`}>${m.state}${m.cause ? `: ${m.cause}` : ''}</span>
      <span class="touch"><span class="bid">${touch(m.bids[0])}</span> <span class="soft">/</span> <span class="ask">${touch(m.asks[0])}</span></span>
      <span class="soft">oracle ${m.oracle} ± ${m.confidence} · quote ${m.quote_version}</span>
    </div>
    <div class="market-body">
      <${Plot} symbol=${m.symbol} points=${points} />
      <div>
        <${Components} m=${m} />
        <p><span class="soft">inventory</span> ${m.inventory} <span class="soft">· leverage</span> ${m.leverage} <span class="soft">· equity</span> ${m.equity} ${m.currency}</p>
        <div class="meter" title="leverage, full at 3"><b class=${`w${step} ${step > 16 ? 'hot' : ''}`}></b></div>
      </div>
    </div>
  </section>`;
}

const clock = (t) => (t ? t.slice(11, 23).replace('Z', '') : '');

function Sessions({ list }) {
  return html`<section class="panel"><h3>Sessions</h3><div class="scroll"><table>
    <thead><tr><th>CompID</th><th>state</th><th>next in</th><th>next out</th><th>queue</th><th>last in</th></tr></thead>
    <tbody>${list.map((s) => html`<tr key=${s.comp_id}><td>${s.comp_id}</td><td class=${s.up ? 'good' : 'soft'}>${s.up ? 'up' : 'down'}</td><td>${s.next_in}</td><td>${s.next_out}</td><td>${s.queue_bytes}</td><td>${clock(s.last_in)}</td></tr>`)}</tbody>
  </table></div></section>`;
}

function Fills({ list }) {
  if (!list.length) return html`<section class="panel"><h3>Last fills</h3><p class="empty">No fills yet. Send one: <code>gateway client order --symbol BTC-PERP --buy 0.5 --market</code></p></section>`;
  return html`<section class="panel"><h3>Last fills</h3><div class="scroll"><table>
    <thead><tr><th>time</th><th>market</th><th>account</th><th>side</th><th>size</th><th>price</th><th>fee</th></tr></thead>
    <tbody>${list.slice(0, 12).map((f) => html`<tr key=${f.trade_id}><td>${clock(f.time)}</td><td>${f.symbol}</td><td>${f.account}</td><td class=${f.side === 'buy' ? 'bid' : 'ask'}>${f.side}</td><td>${f.size}</td><td>${f.price}</td><td>${f.fee}</td></tr>`)}</tbody>
  </table></div></section>`;
}

function Page() {
  const { live, status, points } = useEvents();
  if (!status) return html`<p class="wait">${live ? 'Waiting for the first state …' : 'Connecting to the gateway …'}</p>`;
  const zero = status.ledger.sum_units === 0;
  return html`
    <header>
      <h1>Backstop desk</h1>
      <span class=${`pill ${live ? 'good' : 'bad'}`} id="live">${live ? 'live' : 'reconnecting'}</span>
      <span class=${`pill ${status.ready ? 'good' : 'warn'}`}>${status.ready ? 'ready' : 'not ready'}</span>
      <span class=${`pill ${zero ? 'good' : 'bad'}`} id="ledger">ledger sum ${status.ledger.sum}</span>
      <span class="soft">${status.version} · up ${status.uptime_seconds} s · command ${status.seq}</span>
    </header>
    ${status.warnings.map((w) => html`<p class="warn" key=${w}>${w}</p>`)}
    ${status.markets.map((m) => html`<${Market} key=${m.symbol} m=${m} points=${points[m.symbol] || []} />`)}
    <div class="pair"><${Sessions} list=${status.sessions} /><${Fills} list=${status.fills} /></div>`;
}

render(html`<${Page} />`, document.getElementById('app'), document.getElementById('app').firstChild);
