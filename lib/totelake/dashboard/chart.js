// Charts by plotly.js. It draws with binary floats; what people read of a number is its own text.

const MOST_BARS = 15;
const LONGEST_LABEL = 26;
const MARKERS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon"];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/** Text that plotly.js takes for no markup. */
function plainText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function shortened(text) {
  const letters = [...text];
  return letters.length > LONGEST_LABEL ? letters.slice(0, LONGEST_LABEL - 1).join("") + "…" : text;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

function nameOf(series) {
  return [series.name, series.currency].filter((part) => part !== null).join(" ");
}

function keyName(key) {
  return key.x.join(", ");
}

/** The number with its currency, as people read it. */
function amount(tile, total, series) {
  const text = total.shown(tile.measure);
  return series.currency === null ? text : series.currency + " " + text;
}

/** Draw a line or bars into a node; anew when it has some. */
function draw(node, tile, query, result) {
  const byMonth = isByMonth(tile, query);
  const lying = tile.chart === "bar" && !byMonth;
  const keys = lying ? result.keys.slice(0, MOST_BARS) : result.keys;
  const alone = isAlone(result, keys);
  const traces = result.series.map((series, place) => trace(tile, result, keys, series, place, lying));
  const ticks = {
    tickmode: "array",
    ...tickTexts(keys, lying),
    fixedrange: true,
    color: colour("ink"),
    gridcolor: colour("line"),
    zeroline: false,
    automargin: true,
  };
  const numbers = {
    fixedrange: true,
    color: colour("ink"),
    gridcolor: colour("line"),
    zerolinecolor: colour("quiet"),
    rangemode: "tozero",
    automargin: true,
    nticks: 5,
    title: { text: plainText(axisTitle(tile, result)), font: { size: 12 } },
  };
  const layout = {
    autosize: true,
    height: lying ? Math.max(220, 80 + keys.length * (12 + 12 * (alone ? 1 : Math.min(traces.length, 6)))) : 300,
    margin: { l: 8, r: 16, t: 8, b: 8 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12, color: colour("ink") },
    dragmode: false,
    hovermode: "closest",
    hoverlabel: { bgcolor: colour("raised"), bordercolor: colour("quiet"), font: { color: colour("ink") } },
    barmode: alone ? "overlay" : "group",
    showlegend: traces.length > 1,
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", itemclick: false, itemdoubleclick: false },
    xaxis: lying ? numbers : ticks,
    yaxis: lying ? { ...ticks, autorange: "reversed", gridcolor: "rgba(0,0,0,0)" } : numbers,
  };
  Plotly.react(node, traces, layout, { displayModeBar: false, responsive: true, showTips: false });
}

/** Whether each key has a bar of one series alone, which then needs no room for others. */
function isAlone(result, keys) {
  return keys.every((key) => result.series.filter((series) => cellOf(result, key, series)).length <= 1);
}

function trace(tile, result, keys, series, place, lying) {
  const places = keys.map((_, number) => number);
  const totals = keys.map((key) => cellOf(result, key, series));
  const numbers = totals.map((total) => {
    const number = total ? total.by(tile.measure) : null;
    return number ? Number(written(number)) : null;
  });
  const texts = totals.map((total, number) =>
    total ? plainText(keyName(keys[number])) + "<br>" + plainText([series.name, amount(tile, total, series)].filter(Boolean).join(" ")) : "",
  );
  const shade = colour("series-" + ((place % 8) + 1));
  const common = { name: plainText(shortened(nameOf(series))), hovertext: texts, hoverinfo: "text" };
  if (tile.chart === "bar") {
    const bars = { ...common, type: "bar", marker: { color: shade } };
    return lying ? { ...bars, orientation: "h", x: numbers, y: places } : { ...bars, x: places, y: numbers };
  }
  return {
    ...common,
    type: "scatter",
    mode: "lines+markers",
    x: places,
    y: numbers,
    line: { color: shade, width: 2, dash: DASHES[place % DASHES.length] },
    marker: { color: shade, size: 6, symbol: MARKERS[place % MARKERS.length] },
  };
}

/** Names at the axis: all of bars that lie, of months as many as can be read. */
function tickTexts(keys, lying) {
  const step = lying ? 1 : Math.max(1, Math.ceil(keys.length / 8));
  const shown = keys.map((key, place) => [place, plainText(shortened(keyName(key)))]).filter(([place]) => place % step === 0);
  return { tickvals: shown.map(([place]) => place), ticktext: shown.map(([, text]) => text) };
}

function axisTitle(tile, result) {
  if (!tile.y) return "Number";
  const currencies = [...new Set(result.series.map((series) => series.currency))].filter((one) => one !== null);
  const measure = tile.measure === "average" ? "Average " + words(tile.y).toLowerCase() : words(tile.y);
  const names = currencies.length === 1 && !measure.split(" ").includes(currencies[0]);
  return names ? measure + ", " + currencies[0] : measure;
}
