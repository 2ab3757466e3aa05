#include "ingest/j1939/decoder.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace telltale {
namespace {

static_assert(std::endian::native == std::endian::little, "J1939 is little endian, and bits are read in words");

// Up to 8 bytes from `payload`, which is not empty.
std::uint64_t ReadWord(std::span<const std::uint8_t> payload) {
  std::uint64_t word = 0;
  std::memcpy(&word, payload.data(), std::min(payload.size(), sizeof(word)));
  return word;
}

}  // namespace

J1939Decoder::J1939Decoder(const Catalog& catalog) {
  for (const Signal& signal : catalog.signals()) {
    if (signal.j1939) fields_by_pgn_[signal.j1939->pgn].push_back(FieldOf(signal));
  }
  for (auto& [pgn, fields] : fields_by_pgn_) std::ranges::stable_sort(fields, {}, &Field::start_bit);
}

J1939Decoder::Field J1939Decoder::FieldOf(const Signal& signal) {
  const J1939Source& source = *signal.j1939;
  const std::uint32_t length = source.bit_length;
  const std::uint64_t all_ones = (std::uint64_t{1} << length) - 1;
  std::uint64_t not_available = all_ones;
  std::uint64_t error = all_ones;
  if (length >= 8) {
    not_available = std::uint64_t{0xFF} << (length - 8);
    error = std::uint64_t{0xFB} << (length - 8);
  } else if (length == 2) {
    error = 2;
  } else if (length == 1) {
    not_available = error = 2;
  }
  const auto least = std::max<std::int64_t>(0, signal.raw_min - source.raw_shift);
  const auto greatest = std::min<std::int64_t>(static_cast<std::int64_t>(error) - 1, signal.raw_max - source.raw_shift);
  return {.signal = &signal,
          .start_bit = source.start_bit,
          .end_bit = source.start_bit + length,
          .mask = static_cast<std::uint32_t>(all_ones),
          .least = static_cast<std::uint32_t>(least),
          .count = greatest < least ? 0 : static_cast<std::uint64_t>(greatest - least + 1),
          .not_available = not_available,
          .raw_shift = source.raw_shift};
}

void J1939Decoder::Decode(std::uint32_t pgn, std::span<const std::uint8_t> payload,
                          std::vector<J1939Sample>& samples) const {
  const auto found = fields_by_pgn_.find(pgn);
  if (found == fields_by_pgn_.end() || payload.empty()) return;
  const bool one_word = payload.size() <= 8;
  const std::uint64_t first_word = ReadWord(payload);
  const std::size_t payload_bits = payload.size() * 8;
  for (const Field& field : found->second) {
    if (field.end_bit > payload_bits) continue;
    // At most 32 bits that begin anywhere in a byte: five bytes, so a word has them all.
    const std::uint64_t word = one_word ? first_word >> field.start_bit
                                        : ReadWord(payload.subspan(field.start_bit / 8)) >> (field.start_bit % 8);
    const std::uint32_t bus = static_cast<std::uint32_t>(word) & field.mask;
    RawValue raw = kError;
    if (std::uint64_t{bus} - field.least < field.count) {  // below `least` it wraps around and is large
      raw = static_cast<RawValue>(bus + field.raw_shift);
    } else if (bus >= field.not_available) {
      raw = kNotAvailable;
    }
    samples.push_back({.signal = field.signal, .raw = raw, .bus = bus});
  }
}

}  // namespace telltale
