// Painting by WebGL 2: planes as textures of their own numbers; contrast, gamma and colors in the shader, so that none of
// them asks the server. Where a plane is shown smaller than it is, means of its pixels are shown.

/** @typedef {import('./api.js').Plane} Plane */
/** @typedef {import('./scale.js').Box} Box */
/** @typedef {import('./scale.js').View} View */
/**
 * @typedef {object} Layer
 * @property {Plane} plane
 * @property {number} low @property {number} high ends of the display
 * @property {number} gamma exponent
 * @property {number} map index of the color map
 * @property {number} alpha
 */
/** @typedef {{box: Box, layers: Layer[]}} Pane */

const VERTEX = `#version 300 es
in vec2 corner;
uniform vec4 place;
out vec2 at;
void main() { at = corner; gl_Position = vec4(place.xy + corner * place.zw, 0.0, 1.0); }`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D plane;
uniform sampler2D colors;
uniform float low, high, gamma, alpha, unit;
uniform int map, isColor;
in vec2 at;
out vec4 color;
void main() {
  vec4 texel = texture(plane, at);
  if (isColor == 1) { color = vec4(texel.rgb * texel.a * alpha, texel.a * alpha); return; }
  float value = texel.r * unit;
  if (isnan(value)) { color = vec4(alpha, 0.0, alpha, alpha); return; }
  float t = clamp((value - low) / max(high - low, 1e-30), 0.0, 1.0);
  vec3 found = texelFetch(colors, ivec2(int(pow(t, gamma) * 255.0 + 0.5), map), 0).rgb;
  color = vec4(found * alpha, alpha);
}`;

/** Means of 2 × 2 numbers. @param {Float32Array} data @param {number} height @param {number} width */
export function halved(data, height, width) {
  const rows = Math.max(1, height >> 1), columns = Math.max(1, width >> 1);
  const out = new Float32Array(rows * columns);
  const down = height > 1 ? width : 0, right = width > 1 ? 1 : 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const i = 2 * y * width + 2 * x;
      out[y * columns + x] = (data[i] + data[i + right] + data[i + down] + data[i + down + right]) / 4;
    }
  }
  return { data: out, height: rows, width: columns };
}

/**
 * A painter on `canvas`; null where there is no WebGL 2.
 * @param {HTMLCanvasElement} canvas @param {Uint8Array} tables 256 colors of 3 bytes for each color map
 */
export function glPainter(canvas, tables) {
  const found = /** @type {WebGL2RenderingContext | null} */ (canvas.getContext('webgl2', { alpha: true, antialias: false, preserveDrawingBuffer: true }));
  const program = found?.createProgram();
  if (!found || !program) return null;
  const gl = found;
  for (const [kind, text] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  const where = Object.fromEntries(['place', 'plane', 'colors', 'low', 'high', 'gamma', 'alpha', 'unit', 'map', 'isColor'].map(name => [name, gl.getUniformLocation(program, name)]));
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
  const corner = gl.getAttribLocation(program, 'corner');
  gl.enableVertexAttribArray(corner);
  gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);

  const nearest = (/** @type {number} */ smaller) => {
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, smaller);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  };
  gl.activeTexture(gl.TEXTURE1);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, 256, tables.length / 768, 0, gl.RGB, gl.UNSIGNED_BYTE, tables);
  nearest(gl.NEAREST);
  gl.uniform1i(where.colors, 1);
  gl.uniform1i(where.plane, 0);
  gl.activeTexture(gl.TEXTURE0);

  /** Textures of planes, the longest unused first. @type {Map<Plane, WebGLTexture>} */
  const textures = new Map();
  let bytes = 0;
  const sizeOf = (/** @type {Plane} */ plane) => plane.height * plane.width * (plane.kind === 'u8' ? 1.4 : 5.4);

  /** @param {Plane} plane */
  function bound(plane) {
    const kept = textures.get(plane);
    if (kept) {
      textures.delete(plane);
      textures.set(plane, kept);
      gl.bindTexture(gl.TEXTURE_2D, kept);
      return;
    }
    const texture = /** @type {WebGLTexture} */ (gl.createTexture());
    gl.bindTexture(gl.TEXTURE_2D, texture);
    const { height, width, data } = plane;
    if (plane.kind === 'f32') {
      let level = { data: /** @type {Float32Array} */ (data), height, width };
      for (let n = 0; ; n++) {
        gl.texImage2D(gl.TEXTURE_2D, n, gl.R32F, level.width, level.height, 0, gl.RED, gl.FLOAT, level.data);
        if (level.height === 1 && level.width === 1) break;
        level = halved(level.data, level.height, level.width);
      }
      nearest(gl.NEAREST_MIPMAP_NEAREST);
    } else {
      const [inside, format] = plane.kind === 'u8' ? [gl.R8, gl.RED] : [gl.RGBA8, gl.RGBA];
      if ('close' in data) gl.texImage2D(gl.TEXTURE_2D, 0, inside, format, gl.UNSIGNED_BYTE, data);
      else gl.texImage2D(gl.TEXTURE_2D, 0, inside, width, height, 0, format, gl.UNSIGNED_BYTE, data);
      gl.generateMipmap(gl.TEXTURE_2D);
      nearest(gl.LINEAR_MIPMAP_LINEAR);
    }
    textures.set(plane, texture);
    bytes += sizeOf(plane);
    for (const [old, of] of textures) {
      if (bytes < 512e6 || old === plane) break;
      gl.deleteTexture(of);
      textures.delete(old);
      bytes -= sizeOf(old);
    }
  }

  return {
    name: 'WebGL 2',
    most: /** @type {number} */ (gl.getParameter(gl.MAX_TEXTURE_SIZE)),
    /** @param {Pane[]} panes @param {View} view @param {number} ratio device pixels a pixel */
    paint(panes, view, ratio) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.disable(gl.SCISSOR_TEST);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.enable(gl.SCISSOR_TEST);
      const wide = canvas.width / ratio, high = canvas.height / ratio;
      for (const { box, layers } of panes) {
        gl.scissor(Math.round(box.x * ratio), Math.round((high - box.y - box.height) * ratio), Math.round(box.width * ratio), Math.round(box.height * ratio));
        for (const { plane, low, high: white, gamma, map, alpha } of layers) {
          bound(plane);
          const [top, left, rows, columns] = plane.part.map(value => value * plane.scale);
          const x = box.x + box.width / 2 + (left - view.x) * view.zoom, y = box.y + box.height / 2 + (top - view.y) * view.zoom;
          gl.uniform4f(where.place, 2 * x / wide - 1, 1 - 2 * y / high, 2 * columns * view.zoom / wide, -2 * rows * view.zoom / high);
          gl.uniform1f(where.low, low);
          gl.uniform1f(where.high, white);
          gl.uniform1f(where.gamma, gamma);
          gl.uniform1f(where.alpha, alpha);
          gl.uniform1f(where.unit, plane.kind === 'u8' ? 255 : 1);
          gl.uniform1i(where.map, map);
          gl.uniform1i(where.isColor, plane.kind === 'rgba' ? 1 : 0);
          gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
        }
      }
    },
  };
}
