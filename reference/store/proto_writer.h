// Protocol buffer fields, written in order (https://protobuf.dev/programming-guides/encoding/). As proto3
// has it, a field that holds its default is left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/store/kv.h"

namespace kp::store {

class ProtoWriter {
 public:
  void Int(uint32_t field, int64_t value) { Uint(field, static_cast<uint64_t>(value)); }
  void Uint(uint32_t field, uint64_t value) {
    if (value == 0) return;
    Varint(field << 3);
    Varint(value);
  }
  void Bool(uint32_t field, bool value) { Uint(field, value ? 1 : 0); }
  void Bytes(uint32_t field, std::string_view value) {
    if (!value.empty()) Message(field, value);
  }
  // A message that is present even when it is empty.
  void Message(uint32_t field, std::string_view encoded) {
    Begin(field, encoded.size());
    out_.append(encoded);
  }
  // Announces a message whose `size` bytes the caller writes next.
  void Begin(uint32_t field, size_t size) {
    Varint(field << 3 | 2);
    Varint(size);
  }
  enum class Value : uint8_t { kWith, kWithout };
  void Pair(uint32_t field, const KeyValue& kv, Value value = Value::kWith) {
    Begin(field, Size(kv, value));
    Fields(kv, value);
  }
  // A pair as a message of its own.
  void Fields(const KeyValue& kv, Value value = Value::kWith) {
    Bytes(1, kv.key);
    Int(2, kv.create_revision);
    Int(3, kv.mod_revision);
    Int(4, kv.version);
    if (value == Value::kWith) Bytes(5, kv.value);
    Int(6, kv.lease);
  }
  void Reserve(size_t more) { out_.reserve(out_.size() + more); }
  std::string Take() { return std::move(out_); }

  static size_t Size(const KeyValue& kv, Value value) {
    return BytesSize(kv.key) + IntSize(kv.create_revision) + IntSize(kv.mod_revision) + IntSize(kv.version) +
           (value == Value::kWith ? BytesSize(kv.value) : 0) + IntSize(kv.lease);
  }

  // Of a whole pair as a field below 16.
  static size_t PairSize(const KeyValue& kv) {
    const size_t size = Size(kv, Value::kWith);
    return 1 + VarintSize(size) + size;
  }
  // Of a number field below 16, whose tag takes one byte.
  static size_t Size(uint64_t value) { return value == 0 ? 0 : 1 + VarintSize(value); }

 private:
  static size_t VarintSize(uint64_t value) {
    size_t size = 1;
    for (; value >= 0x80; value >>= 7) ++size;
    return size;
  }
  static size_t IntSize(int64_t value) { return Size(static_cast<uint64_t>(value)); }
  static size_t BytesSize(const std::string& bytes) {
    return bytes.empty() ? 0 : 1 + VarintSize(bytes.size()) + bytes.size();
  }
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }

  std::string out_;
};

}  // namespace kp::store
