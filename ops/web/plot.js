// The plot of one market: bid, ask and the outside price with its band.
import { html, useEffect, useRef } from './vendor/htm-preact.module.js';

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const one = 1e6; // units in one of the quote currency
const spanMin = 30; // seconds shown at least
const height = 262;

const time = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

function options(width, digits, say) {
  const font = '11px system-ui, sans-serif';
  const price = (v) => v.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const held = uPlot.paths.stepped({ align: 1 }); // A quote stands until the next one.
  const line = (label, name, w, dash) => ({ label, stroke: color(name), width: w, dash, paths: held, points: { show: false } });
  const limit = (label) => ({ label, stroke: 'transparent', width: 1, paths: held, points: { show: false } });
  const axis = { stroke: color('--soft'), font, grid: { stroke: color('--line'), width: 1 }, ticks: { show: false } };
  return {
    width, height, legend: { show: false }, padding: [8, 12, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { setScale: false } },
    hooks: { setCursor: [(u) => say(u.cursor.idx)] },
    scales: { x: { time: true, range: (u, from, to) => [Math.min(from, to - spanMin), to] } },
    axes: [
      { ...axis, space: 72, size: 28, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300], values: (u, all) => all.map(time) },
      {
        ...axis, gap: 6, values: (u, all) => all.map(price),
        size: (u, all) => (all ? 14 + 6.6 * Math.max(...all.map((t) => t.length)) : 60),
      },
    ],
    series: [{}, limit('low'), limit('high'), line('oracle', '--oracle', 1.25, [5, 4]), line('bid', '--bid', 2), line('ask', '--ask', 2)],
    bands: [{ series: [2, 1], fill: color('--band') }],
  };
}

function columns(points, now) {
  const last = points[points.length - 1];
  const all = last && now > last.t ? [...points, { ...last, t: now }] : points; // What stands now, stands until now.
  const column = (key) => all.map((p) => (p[key] ? p[key] / one : null));
  return [all.map((p) => p.t / 1000), column('lo'), column('hi'), column('o'), column('b'), column('a')];
}

export function Plot({ symbol, tick, points, now }) {
  const box = useRef(null);
  const readout = useRef(null);
  const plot = useRef(null);
  const digits = (tick.split('.')[1] || '').length;
  const data = columns(points, now);
  useEffect(() => {
    const say = (i) => {
      if (!readout.current || !plot.current) return;
      const d = plot.current.data;
      const value = (k) => (d[k][i] == null ? '–' : d[k][i].toFixed(digits));
      readout.current.textContent = i == null || d[0][i] == null ? ''
        : `${time(d[0][i])}  bid ${value(4)}  ask ${value(5)}  oracle ${value(3)}  band ${value(1)} – ${value(2)}`;
    };
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(box.current.clientWidth, digits, say), plot.current ? plot.current.data : data, box.current);
    };
    draw();
    const sized = new ResizeObserver(() => plot.current.setSize({ width: box.current.clientWidth, height }));
    sized.observe(box.current);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      sized.disconnect();
      scheme.removeEventListener('change', draw);
      plot.current.destroy();
      plot.current = null;
    };
  }, [symbol, digits]);
  useEffect(() => { plot.current?.setData(data); }); // After every message.
  const last = points[points.length - 1];
  return html`<div class="chart">
    <div class="plot" ref=${box} role="img" aria-label=${`Bid, ask and oracle price of ${symbol} over time`}
      data-symbol=${symbol} data-points=${points.length} data-last=${last ? last.t : 0}></div>
    <div class="legend">
      <span><i class="key-ask"></i>ask</span><span><i class="key-bid"></i>bid</span>
      <span><i class="key-oracle"></i>oracle</span><span><i class="key-band"></i>oracle ± confidence</span>
      <span class="readout" ref=${readout}></span>
    </div>
  </div>`;
}
