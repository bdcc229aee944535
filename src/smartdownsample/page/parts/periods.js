// The periods of the timeline, which timeline.py chooses: days, weeks, months or years. A lane of the
// timeline is as long as it has periods, and somewhat longer for each pause that is left out.

const PAUSE_LENGTH = 3;
const LAYERS = ["kept", "earlier", "excluded", "empty"];

function describePause(days) {
  const [n, unit] = days < 60 ? [days, "day"] : days < 730 ? [days / 30.44, "month"] : [days / 365.25, "year"];
  return pluralize(Math.round(n), unit);
}

// How many days are left out before a period.
function daysLeftOut(period) {
  return period > 0 ? items.periods[period][0] - items.periods[period - 1][1] - 1 : 0;
}

// Where each period starts along a lane.
function placePeriods() {
  let start = -1;
  return items.periods.map((_, period) => {
    start += daysLeftOut(period) ? 1 + PAUSE_LENGTH : 1;
    return start;
  });
}

// What ticks may mark, the finest first: the numbers of days, weeks, months, quarters, years and so on.
const TICK_STEPS = [
  (day) => day,
  (day) => Math.floor((day + 3) / 7), // from Monday
  ...[1, 3, 12, 24, 60, 120, 600].map((months) =>
    (day) => Math.floor((12 * yearOf(day) + monthOf(day)) / months)),
];

// Chooses a few periods that start a day, a week, a month or so, and what is written there.
function chooseTicks(starts, length, most) {
  const between = length / most / 1.5;
  for (const [level, step] of TICK_STEPS.entries()) {
    const ticks = [];
    for (const [period, [first]] of items.periods.entries()) {
      const isNew = !period || step(first) !== step(items.periods[period - 1][0]);
      const hasRoom = starts[period] <= length - between;
      if (!period || (isNew && hasRoom && starts[period] - starts[ticks.at(-1)] >= between)) {
        ticks.push(period);
      }
    }
    if (ticks.length <= most || level === TICK_STEPS.length - 1) {
      return ticks.map((period, place) => labelTick(period, ticks[place - 1], level));
    }
  }
  return [];
}

function labelTick(period, before, level) {
  const [first] = items.periods[period];
  if (items.periodUnit === "year" || level > 3) {
    return { period, label: yearOf(first), year: "" };
  }
  const isNewYear = before === undefined || yearOf(items.periods[before][0]) !== yearOf(first);
  const label = level < 2 ? describeDay(first, false) : MONTHS[monthOf(first)];
  return { period, label, year: isNewYear ? yearOf(first) : "" };
}

// Counts of images by lane, period, day or night, and layer. Lane 0 is of all cameras.
class Tally {
  constructor(laneOfCamera, nLanes) {
    this.laneOfCamera = laneOfCamera;
    this.counts = new Uint32Array(nLanes * items.periods.length * 2 * LAYERS.length);
  }

  add(rows) {
    for (const row of rows) {
      const period = items.period[row];
      if (period >= 0) {
        const state = items.state[row];
        const layer = state === EXCLUDED ? 2 + items.isEmpty[row] : state - KEPT;
        const lane = this.laneOfCamera[items.camera[row]];
        for (const each of lane ? [0, lane] : [0]) {
          this.at(each, period, items.isNight[row])[layer] += 1;
        }
      }
    }
    return this;
  }

  // The counts of the layers.
  at(lane, period, night) {
    const place = ((lane * items.periods.length + period) * 2 + night) * LAYERS.length;
    return this.counts.subarray(place, place + LAYERS.length);
  }

  // How many images of each layer there are in some periods, and how many of all are by night.
  sum(lane, first = 0, last = items.periods.length - 1) {
    const layers = LAYERS.map(() => 0);
    const byNight = [0, 0];
    for (let period = first; period <= last; period += 1) {
      for (const night of [0, 1]) {
        for (const [layer, n] of this.at(lane, period, night).entries()) {
          layers[layer] += n;
          byNight[night] += n;
        }
      }
    }
    return { layers, n: byNight[0] + byNight[1], nNight: byNight[1] };
  }
}
