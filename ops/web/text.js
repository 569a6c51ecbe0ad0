// Amounts come as decimal texts and stay texts: nothing here turns one into a
// floating point number to show it.

const digitsOf = (text) => (text.split('.')[1] || '').length;

// fixed shows a decimal with at least as many places as the step it moves in,
// thousands apart. It never drops a digit.
export function fixed(text, step = '1') {
  if (!text) return '';
  const minus = text.startsWith('-');
  const [whole, fraction = ''] = text.replace('-', '').split('.');
  const places = fraction.padEnd(digitsOf(step), '0');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return (minus ? '\u2212' : '') + grouped + (places ? `.${places}` : '');
}

// signed is fixed with a plus sign for what is above zero.
export const signed = (text, step) => (/^-|^0(\.0*)?$/.test(text) ? '' : '+') + fixed(text, step);

// bps is a ratio of two numbers of units in basis points, for reading only.
export const bps = (part, whole) => (whole ? (part / whole * 1e4).toFixed(2).replace(/^-0\.00$/, '0.00').replace('-', '\u2212') : '');

export const clock = (stamp) => (stamp ? stamp.slice(11, 19) : '–');

export function span(ms) {
  if (ms > 0 && ms < 1000) return `${ms} ms`;
  if (ms < 60000) return ms % 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms / 1000} s`;
  if (ms < 3600000) return `${Math.floor(ms / 60000)} min ${Math.floor(ms / 1000) % 60} s`;
  return `${Math.floor(ms / 3600000)} h ${Math.floor(ms / 60000) % 60} min`;
}
