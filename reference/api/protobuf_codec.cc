#include "reference/api/protobuf_codec.h"

#include <cstring>
#include <limits>
#include <map>
#include <optional>

#include "reference/api/json.h"
#include "reference/api/utf8.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/base/time.h"

namespace kp::api {
namespace {

constexpr std::string_view kMagic("k8s\0", 4);
constexpr int kMaxDepth = 64;
// Beyond this a time does not fit into nanoseconds.
constexpr int64_t kMaxSeconds = 9'000'000'000;

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field as it stands on the wire: `number` or `bytes` holds the content.
struct WireField {
  int field = 0;
  int wire_type = 0;
  uint64_t number = 0;
  std::string_view bytes;
};

bool IsUtf8(std::string_view text) { return FirstInvalidUtf8(text) == std::string_view::npos; }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  bool failed() const { return failed_; }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }

  WireField Next() {
    WireField field;
    uint64_t tag = Varint();
    field.wire_type = static_cast<int>(tag & 7);
    if (tag >> 3 == 0 || tag >> 3 > std::numeric_limits<int32_t>::max()) failed_ = true;
    field.field = static_cast<int>(tag >> 3);
    switch (field.wire_type) {
      case kVarint: field.number = Varint(); break;
      case kFixed64: field.bytes = Take(8); break;
      case kBytes: field.bytes = Take(Varint()); break;
      case kFixed32: field.bytes = Take(4); break;
      default: failed_ = true;  // groups are not used by Kubernetes
    }
    return field;
  }

 private:
  std::string_view Take(uint64_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      return {};
    }
    std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool failed_ = false;
};

bool IsZero(const Value& value) {
  switch (value.type()) {
    case Value::Type::kBool: return !value.AsBool();
    case Value::Type::kInt: return value.AsInt() == 0;
    case Value::Type::kDouble: return value.AsDouble() == 0;
    default: return value.empty();
  }
}

class Decoder {
 public:
  // Null when the bytes are malformed; error() says why.
  std::optional<Value> Fields(const Message& message, std::string_view bytes, int depth) {
    if (depth > kMaxDepth) return Fail("nested too deep", message.name);
    Reader reader(bytes);
    // By field, so that a repeated one gathers its items wherever they stand.
    std::map<const Field*, std::vector<Value>> lists;
    std::map<const Field*, std::vector<Member>> maps;
    std::vector<Member> members;
    while (!reader.done()) {
      WireField wire = reader.Next();
      if (reader.failed()) return Fail("truncated or malformed field", message.name);
      const Field* field = message.FindNumber(wire.field);
      if (field == nullptr) continue;
      bool fine = true;
      switch (field->shape) {
        case FieldShape::kList: fine = Item(*field, wire, lists[field], depth); break;
        case FieldShape::kMap: fine = Entry(*field, wire, maps[field], depth); break;
        case FieldShape::kSingle: fine = Single(*field, wire, members, depth); break;
      }
      if (!fine) return Fail("malformed value of " + field->name, message.name);
    }
    if (message.list_wrapper) return Value::Array(std::move(lists[&message.fields[0]]));
    for (auto& [field, items] : lists) members.push_back({Key(field->name), Value::Array(std::move(items))});
    for (auto& [field, entries] : maps) members.push_back({Key(field->name), Value::Object(std::move(entries))});
    return Value::Object(std::move(members));
  }

  const std::string& error() const { return error_; }

 private:
  std::nullopt_t Fail(std::string_view what, const std::string& message) {
    if (error_.empty()) error_ = std::string(what) + " in " + message;
    return std::nullopt;
  }

  bool Single(const Field& field, const WireField& wire, std::vector<Member>& members, int depth) {
    std::optional<Value> value = Scalar(field, wire, depth);
    if (!value) return false;
    if (field.inlined) {
      for (const Member& member : value->members()) members.push_back(member);
      return true;
    }
    bool drops_zero = (!field.pointer && !field.keep_zero) || KP_MUTANT("protobuf-drops-zero-pointer");
    if (value->is_null() || (drops_zero && IsZero(*value))) return true;
    members.push_back({Key(field.name), *std::move(value)});
    return true;
  }

  bool Item(const Field& field, const WireField& wire, std::vector<Value>& items, int depth) {
    bool packed = wire.wire_type == kBytes && IsVarint(field.type);
    if (!packed) {
      std::optional<Value> value = Scalar(field, wire, depth);
      if (value) items.push_back(*std::move(value));
      return value.has_value();
    }
    Reader reader(wire.bytes);
    while (!reader.done()) {
      WireField one{wire.field, kVarint, reader.Varint(), {}};
      if (reader.failed()) return false;
      std::optional<Value> value = Scalar(field, one, depth);
      if (!value) return false;
      items.push_back(*std::move(value));
    }
    return true;
  }

  bool Entry(const Field& field, const WireField& wire, std::vector<Member>& entries, int depth) {
    if (wire.wire_type != kBytes) return false;
    Reader reader(wire.bytes);
    std::string_view key;
    WireField held{2, IsVarint(field.type) ? kVarint : kBytes, 0, {}};
    while (!reader.done()) {
      WireField part = reader.Next();
      if (reader.failed()) return false;
      if (part.field == 1) {
        if (part.wire_type != kBytes) return false;
        key = part.bytes;
      } else if (part.field == 2) {
        held = part;
      }
    }
    std::optional<Value> value = Scalar(field, held, depth);
    if (!value || !IsUtf8(key)) return false;
    entries.push_back({Key(key), *std::move(value)});
    return true;
  }

  static bool IsVarint(FieldType type) {
    return type == FieldType::kInt32 || type == FieldType::kInt64 || type == FieldType::kBool;
  }

  // One value; nothing when it is malformed, null for an unset time.
  std::optional<Value> Scalar(const Field& field, const WireField& wire, int depth) {
    if (IsVarint(field.type)) return wire.wire_type == kVarint ? Number(field, wire.number) : std::nullopt;
    if (field.type == FieldType::kDouble) {
      if (wire.wire_type != kFixed64) return std::nullopt;
      double real = 0;
      std::memcpy(&real, wire.bytes.data(), sizeof(real));
      return Value(real);
    }
    if (wire.wire_type != kBytes) return std::nullopt;
    switch (field.type) {
      case FieldType::kString: return IsUtf8(wire.bytes) ? std::optional<Value>(wire.bytes) : std::nullopt;
      case FieldType::kBytes: return Value(Base64Encode(wire.bytes));
      case FieldType::kMessage: return Fields(*field.message, wire.bytes, depth + 1);
      default: return Special(field.type, wire.bytes);
    }
  }

  static std::optional<Value> Number(const Field& field, uint64_t raw) {
    if (field.type == FieldType::kBool) return Value(raw != 0);
    auto number = static_cast<int64_t>(raw);
    if (field.type == FieldType::kInt32 && static_cast<int32_t>(number) != number) return std::nullopt;
    return Value(number);
  }

  // Messages that are something else than an object in JSON.
  static std::optional<Value> Special(FieldType type, std::string_view bytes) {
    int64_t numbers[4] = {};
    std::string_view texts[4];
    Reader reader(bytes);
    while (!reader.done()) {
      WireField part = reader.Next();
      if (reader.failed()) return std::nullopt;
      if (part.field > 3) continue;
      numbers[part.field] = static_cast<int64_t>(part.number);
      texts[part.field] = part.bytes;
    }
    switch (type) {
      case FieldType::kTime:
      case FieldType::kMicroTime: return Instant(type, bytes.empty(), numbers[1], numbers[2]);
      case FieldType::kDuration: return Value(FormatDuration(Duration(numbers[1])));
      case FieldType::kQuantity: return IsUtf8(texts[1]) ? std::optional<Value>(texts[1]) : std::nullopt;
      case FieldType::kIntOrString:
        if (numbers[1] == 0)
          return static_cast<int32_t>(numbers[2]) == numbers[2] ? std::optional<Value>(numbers[2]) : std::nullopt;
        return IsUtf8(texts[3]) ? std::optional<Value>(texts[3]) : std::nullopt;
      default: break;
    }
    if (texts[1].empty()) return Value();
    Result<Value> parsed = ParseJson(texts[1]);  // RawExtension, FieldsV1
    return parsed.ok() ? std::optional<Value>(*parsed) : std::nullopt;
  }

  static std::optional<Value> Instant(FieldType type, bool unset, int64_t seconds, int64_t nanos) {
    if (unset) return Value();
    if (seconds > kMaxSeconds || seconds < -kMaxSeconds || nanos < 0 || nanos >= 1'000'000'000) return std::nullopt;
    WallTime time{std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos)};
    return Value(type == FieldType::kTime ? FormatRfc3339(time) : FormatRfc3339Micro(time));
  }

  std::string error_;
};

Status Malformed(std::string_view what) {
  return Status(Code::kInvalidArgument, "malformed protobuf body: " + std::string(what));
}

// runtime.Unknown {typeMeta {apiVersion, kind}, raw, contentEncoding, contentType}.
struct Envelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;
};

std::optional<Envelope> OpenEnvelope(std::string_view bytes) {
  Envelope envelope;
  Reader reader(bytes);
  while (!reader.done()) {
    WireField field = reader.Next();
    if (reader.failed() || (field.field <= 2 && field.wire_type != kBytes)) return std::nullopt;
    if (field.field == 2) envelope.raw = field.bytes;
    if (field.field != 1) continue;
    Reader type_meta(field.bytes);
    while (!type_meta.done()) {
      WireField part = type_meta.Next();
      if (type_meta.failed()) return std::nullopt;
      if (part.field == 1) envelope.api_version = part.bytes;
      if (part.field == 2) envelope.kind = part.bytes;
    }
  }
  return envelope;
}

}  // namespace

bool HasProtobufMagic(std::string_view body) { return body.starts_with(kMagic); }

Result<Value> DecodeProtobuf(const Registry& registry, std::string_view body, const Kind* expected) {
  if (!HasProtobufMagic(body)) return Malformed("it does not start with k8s\\0");
  std::optional<Envelope> envelope = OpenEnvelope(body.substr(kMagic.size()));
  if (!envelope) return Malformed("bad envelope");
  const Kind* kind = expected;
  if (!envelope->kind.empty()) {
    // Clients write DeleteOptions under the group of what they delete.
    bool is_options = envelope->kind == "DeleteOptions";
    GroupVersion group_version = GroupVersion::Parse(is_options ? "v1" : envelope->api_version);
    kind = registry.FindKind({group_version.group, group_version.version, std::string(envelope->kind)});
  }
  if (kind == nullptr) {
    return Status(Code::kUnimplemented,
                  "no protobuf decoding of " + std::string(envelope->api_version) + " " + std::string(envelope->kind));
  }
  Result<Value> object = DecodeProtobufMessage(*kind->message, envelope->raw);
  if (!object.ok()) return object;
  return object->With("apiVersion", kind->api_version()).With("kind", kind->gvk.kind);
}

Result<Value> DecodeProtobufMessage(const Message& message, std::string_view bytes) {
  Decoder decoder;
  std::optional<Value> value = decoder.Fields(message, bytes, 0);
  if (!value) return Malformed(decoder.error());
  return *std::move(value);
}

}  // namespace kp::api
