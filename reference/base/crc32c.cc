#include "reference/base/crc32c.h"

#include <array>
#include <cstring>

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

namespace kp {
namespace {

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0x82f63b78U : 0);
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

}  // namespace

uint32_t Crc32cPortable(std::string_view bytes, uint32_t seed) {
  uint32_t crc = ~seed;
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

#ifdef __SSE4_2__
uint32_t Crc32c(std::string_view bytes, uint32_t seed) {
  uint64_t crc = ~seed;
  const char* data = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, data += 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto tail = static_cast<uint32_t>(crc);
  for (; left > 0; --left, ++data) tail = _mm_crc32_u8(tail, static_cast<unsigned char>(*data));
  return ~tail;
}
#else
uint32_t Crc32c(std::string_view bytes, uint32_t seed) { return Crc32cPortable(bytes, seed); }
#endif

}  // namespace kp
