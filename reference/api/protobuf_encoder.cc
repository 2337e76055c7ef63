// The other direction, with the habits of Go's generated marshallers: fields in the order of their
// numbers, zero values written unless they are pointers, maps sorted by key.
#include <algorithm>
#include <cstring>

#include "reference/api/json.h"
#include "reference/api/protobuf_codec.h"
#include "reference/base/strings.h"
#include "reference/base/time.h"

namespace kp::api {
namespace {

class Writer {
 public:
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void Number(int field, int64_t value) {
    Varint(static_cast<uint64_t>(field) << 3);
    Varint(static_cast<uint64_t>(value));
  }
  void Bytes(int field, std::string_view bytes) {
    Varint(static_cast<uint64_t>(field) << 3 | 2);
    Varint(bytes.size());
    bytes_.append(bytes);
  }
  void Double(int field, double value) {
    Varint(static_cast<uint64_t>(field) << 3 | 1);
    char raw[sizeof(value)];
    std::memcpy(raw, &value, sizeof(value));
    bytes_.append(raw, sizeof(value));
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

std::string EncodeTime(std::string_view text) {
  Writer writer;
  Result<WallTime> time = ParseRfc3339(text);
  if (!time.ok()) return {};
  int64_t nanos = time->time_since_epoch().count();
  int64_t seconds = nanos / 1'000'000'000 - (nanos % 1'000'000'000 < 0 ? 1 : 0);
  writer.Number(1, seconds);
  writer.Number(2, nanos - seconds * 1'000'000'000);
  return writer.Take();
}

std::string EncodeIntOrString(const Value& value) {
  Writer writer;
  writer.Number(1, value.is_string() ? 1 : 0);
  writer.Number(2, value.AsInt());
  writer.Bytes(3, value.AsString());
  return writer.Take();
}

std::string OneText(std::string_view text) {
  Writer writer;
  writer.Bytes(1, text);
  return writer.Take();
}

std::string EncodeDuration(std::string_view text) {
  Writer writer;
  Result<Duration> duration = ParseDuration(text);
  writer.Number(1, duration.ok() ? duration->count() : 0);
  return writer.Take();
}

// The value's members that belong to an inlined message.
Value Part(const Message& message, const Value& whole) {
  std::vector<Member> members;
  for (const Member& member : whole.members()) {
    if (message.FindField(member.key.text()) != nullptr) members.push_back(member);
  }
  return Value::Object(std::move(members));
}

void WriteOne(Writer& writer, int number, const Field& field, const Value& value) {
  switch (field.type) {
    case FieldType::kString: return writer.Bytes(number, value.AsString());
    case FieldType::kInt32:
    case FieldType::kInt64: return writer.Number(number, value.AsInt());
    case FieldType::kBool: return writer.Number(number, value.AsBool() ? 1 : 0);
    case FieldType::kDouble: return writer.Double(number, value.AsDouble());
    case FieldType::kBytes: return writer.Bytes(number, Base64Decode(value.AsString()).value_or(""));
    case FieldType::kTime:
    case FieldType::kMicroTime: return writer.Bytes(number, EncodeTime(value.AsString()));
    case FieldType::kDuration: return writer.Bytes(number, EncodeDuration(value.AsString()));
    case FieldType::kQuantity: return writer.Bytes(number, OneText(value.AsString("0")));
    case FieldType::kIntOrString: return writer.Bytes(number, EncodeIntOrString(value));
    case FieldType::kMessage: return writer.Bytes(number, EncodeProtobufMessage(*field.message, value));
    case FieldType::kRawExtension:
    case FieldType::kFieldsV1:
    case FieldType::kAny: return writer.Bytes(number, value.is_null() ? "" : OneText(ToJson(value)));
  }
}

void WriteMap(Writer& writer, const Field& field, const Value& map) {
  for (const Member& member : map.members()) {
    Writer entry;
    entry.Bytes(1, member.key.text());
    WriteOne(entry, 2, field, member.value);
    writer.Bytes(field.number, entry.Take());
  }
}

}  // namespace

std::string EncodeProtobufMessage(const Message& message, const Value& value) {
  std::vector<const Field*> fields;
  for (const Field& field : message.fields) fields.push_back(&field);
  std::sort(fields.begin(), fields.end(), [](auto* a, auto* b) { return a->number < b->number; });
  Writer writer;
  for (const Field* field : fields) {
    const Value& held = message.list_wrapper ? value : value[field->name];
    if (field->shape == FieldShape::kList) {
      for (const Value& item : held.items()) WriteOne(writer, field->number, *field, item);
    } else if (field->shape == FieldShape::kMap) {
      WriteMap(writer, *field, held);
    } else if (field->inlined) {
      WriteOne(writer, field->number, *field, Part(*field->message, value));
    } else if (!held.is_null() || !field->pointer) {
      WriteOne(writer, field->number, *field, held);
    }
  }
  return writer.Take();
}

std::string EncodeProtobuf(const Kind& kind, const Value& object) {
  Writer type_meta;
  type_meta.Bytes(1, kind.api_version());
  type_meta.Bytes(2, kind.gvk.kind);
  Writer envelope;
  envelope.Bytes(1, type_meta.Take());
  envelope.Bytes(2, EncodeProtobufMessage(*kind.message, object));
  envelope.Bytes(3, "");
  envelope.Bytes(4, "");
  return std::string("k8s\0", 4) + envelope.Take();
}

}  // namespace kp::api
