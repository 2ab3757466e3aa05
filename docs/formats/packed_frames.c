/*
 * Packs frames for telltale.v1.PackedFrames.frames; packed_frames.md draws the bytes. C99, without memory of its own:
 * for terminals. The tests send what it makes to the server.
 *
 * A message is one byte, 1 if its first row is packed against the last row that was sent of the vehicle on this stream,
 * 0 if against zeros; then each frame as pack_frame() makes it:
 *
 *     size_t size = 0;
 *     message[size++] = has_last;
 *     for (i = 0; i < frame_count; ++i) {
 *       size += pack_frame(has_last ? last : NULL, rows[i], width, times_ms[i] - (i > 0 ? times_ms[i - 1] : 0), message + size);
 *       last = rows[i];
 *       has_last = 1;
 *     }
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Room that pack_frame() needs for a row of `width` values, in bytes. */
size_t packed_frame_bytes_max(size_t width) {
  const size_t groups = (width + 63) / 64;
  return 10 + (groups + 7) / 8 + 8 * groups + (width + 1) / 2 + (width + 3) / 4 + 4 * width;
}

/*
 * One frame: its time in milliseconds since 1970 less that of the frame before it in the message (before the first: 0),
 * and its row of raw values as the difference to `base`, the row before it; NULL stands for zeros. Returns its bytes.
 */
size_t pack_frame(const int32_t *base, const int32_t *row, size_t width, int64_t time_step_ms, uint8_t *out) {
  const size_t groups = (width + 63) / 64;
  uint64_t step = ((uint64_t)time_step_ms << 1) ^ (time_step_ms < 0 ? UINT64_MAX : 0);
  uint8_t *end = out;
  uint8_t *group_bits, *nibbles, *sizes;
  size_t changed = 0, n = 0, g, i;

  for (; step >= 0x80; step >>= 7) *end++ = (uint8_t)(step | 0x80);
  *end++ = (uint8_t)step;

  group_bits = end;
  memset(group_bits, 0, (groups + 7) / 8);
  end += (groups + 7) / 8;
  for (g = 0; g < groups; ++g) {
    uint8_t changes[8] = {0};
    const size_t before = changed;
    for (i = 64 * g; i < 64 * (g + 1) && i < width; ++i) {
      if (row[i] == (base ? base[i] : 0)) continue;
      changes[i % 64 / 8] |= (uint8_t)(1u << (i % 8));
      ++changed;
    }
    if (changed == before) continue;
    group_bits[g / 8] |= (uint8_t)(1u << (g % 8));
    i = width - 64 * g < 64 ? (width - 64 * g + 7) / 8 : 8;
    memcpy(end, changes, i);
    end += i;
  }

  nibbles = end;
  sizes = nibbles + (changed + 1) / 2;
  end = sizes + (changed + 3) / 4;
  memset(nibbles, 0, (size_t)(end - nibbles));
  for (i = 0; i < width; ++i) {
    const uint32_t difference = (uint32_t)row[i] - (base ? (uint32_t)base[i] : 0u);
    const uint32_t zigzag = (difference << 1) ^ (difference >> 31 ? UINT32_MAX : 0u);
    const uint32_t above = zigzag >> 4;
    const unsigned size = (above > 0) + (above > 0xFF) + (above > 0xFFFF);
    static const unsigned bytes[4] = {0, 1, 2, 4};
    unsigned b;
    if (difference == 0) continue;
    nibbles[n / 2] |= (uint8_t)((zigzag & 0xF) << (4 * (n % 2)));
    sizes[n / 4] |= (uint8_t)(size << (2 * (n % 4)));
    for (b = 0; b < bytes[size]; ++b) *end++ = (uint8_t)(above >> (8 * b));
    ++n;
  }
  return (size_t)(end - out);
}
