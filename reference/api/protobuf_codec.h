// Kubernetes' protobuf bodies: "k8s\0", a runtime.Unknown envelope, the object. Driven by the schema.
//
// Newer Go clients send them for typed requests. What is decoded is what their JSON would have been:
// Go's marshaller writes fields that are no pointers even when they are zero, so zero means "unset"
// there, while a zero pointer is meaningful.
#pragma once

#include <string>
#include <string_view>

#include "reference/api/schema.h"
#include "reference/api/value.h"
#include "reference/base/status.h"

namespace kp::api {

constexpr std::string_view kProtobufMediaType = "application/vnd.kubernetes.protobuf";

bool HasProtobufMagic(std::string_view body);

// kInvalidArgument for malformed bytes, kUnimplemented for a kind that the registry lacks.
// Unknown field numbers are skipped: strictness is a matter of text formats.
// `expected` is meant when the envelope names no kind; null where there is no such expectation.
Result<Value> DecodeProtobuf(const Registry& registry, std::string_view body, const Kind* expected = nullptr);

// One message without an envelope.
Result<Value> DecodeProtobufMessage(const Message& message, std::string_view bytes);

// As upstream's generated marshallers write it, byte for byte; for canonical objects of the kind.
std::string EncodeProtobuf(const Kind& kind, const Value& object);
std::string EncodeProtobufMessage(const Message& message, const Value& value);

}  // namespace kp::api
