// The file format of bbolt, in which etcd keeps its data and its snapshots travel.
//
//   file: pages of 4096 bytes; 0 and 1 are metas, of which the valid one with the higher transaction counts
//   page: id:8 flags:2 count:2 overflow:4, then by its flags
//     meta:     magic:4 version:4 page-size:4 flags:4 root-page:8 root-sequence:8 freelist-page:8
//               high-water:8 transaction:8 checksum:8 (FNV-1a of what is before it)
//     freelist: the ids of free pages
//     branch:   elements position:4 key-size:4 page:8, then the keys; a key is the first one of its page
//     leaf:     elements flags:4 position:4 key-size:4 value-size:4, then keys and values
//   `overflow` pages more belong to it; positions count from the element that holds them
//   bucket: a leaf element whose flags are 1 and whose value is root-page:8 sequence:8; root-page 0: the page
//           itself follows, inline
//
// All numbers are little-endian. Source: go.etcd.io/bbolt, page.go, bucket.go, db.go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kp::store::bolt {

inline constexpr size_t kPageSize = 4096;
inline constexpr size_t kPageHeader = 16;
inline constexpr size_t kElement = 16;  // of branches and leaves alike
inline constexpr uint32_t kMagic = 0xED0CDAED;
inline constexpr uint32_t kVersion = 2;
inline constexpr uint16_t kBranchPage = 0x01;
inline constexpr uint16_t kLeafPage = 0x02;
inline constexpr uint16_t kMetaPage = 0x04;
inline constexpr uint16_t kFreelistPage = 0x10;
inline constexpr uint32_t kBucketElement = 0x01;
inline constexpr size_t kMetaChecksummed = 56;

inline uint64_t Fnv1a(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const unsigned char c : bytes) {
    hash ^= c;
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

template <typename Number>
void Put(std::string& out, Number value) {
  for (size_t i = 0; i < sizeof(Number); ++i) out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
}

// `bytes` holds at least sizeof(Number) bytes from `offset` on.
template <typename Number>
Number Get(std::string_view bytes, size_t offset) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  }
  return static_cast<Number>(value);
}

}  // namespace kp::store::bolt
