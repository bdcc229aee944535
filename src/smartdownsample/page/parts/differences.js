// What differs between two pictures, found out from their thumbnails.

const DIFFERENCE_WIDTH = 64;
// Levels of 0 to 255 by which a part differs at least, and how much more than the usual noise.
const MIN_DIFFERENCE = 10;
const TIMES_NOISE = 2.5;
// Pixels on each side that are averaged, so that no single leaf counts.
const SMOOTHING = 2;

async function readPixels(source, width, height) {
  const image = make("img", { src: source });
  await image.decode();
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

// How far each pixel differs beyond the change of the whole picture's light, smoothed a little.
function measureDifferences(a, b, width, height) {
  const shifts = [0, 1, 2].map((channel) => {
    const all = Array.from({ length: width * height }, (_, i) => b[4 * i + channel] - a[4 * i + channel]);
    return all.sort((x, y) => x - y)[all.length >> 1];
  });
  const raw = Float32Array.from({ length: width * height }, (_, i) => Math.hypot(
    ...shifts.map((shift, channel) => b[4 * i + channel] - a[4 * i + channel] - shift)) / Math.sqrt(3));
  return raw.map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    let [total, n] = [0, 0];
    for (let v = Math.max(y - SMOOTHING, 0); v <= Math.min(y + SMOOTHING, height - 1); v += 1) {
      for (let u = Math.max(x - SMOOTHING, 0); u <= Math.min(x + SMOOTHING, width - 1); u += 1) {
        total += raw[v * width + u];
        n += 1;
      }
    }
    return total / n;
  });
}

// Which pixels differ; null where the pictures have different shapes.
async function findDifferences(own, other) {
  const [a, b] = [own, other].map((row) => items.width[row] / items.height[row]);
  if (Math.abs(a / b - 1) > 0.02) {
    return null;
  }
  const [width, height] = [DIFFERENCE_WIDTH, Math.max(Math.round(DIFFERENCE_WIDTH / a), 1)];
  const pixels = await Promise.all([own, other].map((row) => readPixels(thumbnailOf(row), width, height)));
  const differences = measureDifferences(...pixels, width, height);
  const noise = differences.slice().sort()[differences.length >> 1];
  const isDifferent = differences.map((each) => each > Math.max(MIN_DIFFERENCE, TIMES_NOISE * noise));
  return { width, height, isDifferent, share: isDifferent.reduce((x, y) => x + y, 0) / isDifferent.length };
}

// Draws a line around what differs.
function outline({ width, height, isDifferent }, scale = 8) {
  const canvas = make("canvas", { width: width * scale, height: height * scale, className: "outline" });
  const context = canvas.getContext("2d");
  const is = (x, y) => x >= 0 && y >= 0 && x < width && y < height && isDifferent[y * width + x];
  const path = new Path2D();
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (const [u, v, x0, y0, x1, y1] of [[x - 1, y, x, y, x, y + 1], [x + 1, y, x + 1, y, x + 1, y + 1],
        [x, y - 1, x, y, x + 1, y], [x, y + 1, x, y + 1, x + 1, y + 1]]) {
        if (is(x, y) && !is(u, v)) {
          path.moveTo(x0 * scale, y0 * scale);
          path.lineTo(x1 * scale, y1 * scale);
        }
      }
    }
  }
  // Light on dark, to be seen on any photo.
  for (const [lineWidth, strokeStyle] of [[6, "#000c"], [3, "#fff"]]) {
    Object.assign(context, { lineWidth, strokeStyle, lineCap: "round" });
    context.stroke(path);
  }
  return canvas;
}
