// Which form of an answer a client wants: its Accept header against what is served.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/schema.h"
#include "reference/api/value.h"

namespace kp::apiserver {

enum class Syntax : unsigned char { kJson, kYaml, kEventStream };
enum class Shape : unsigned char { kObject, kTable, kMetadata };

struct MediaForm {
  Syntax syntax = Syntax::kJson;
  Shape shape = Shape::kObject;
  std::string table_version = "v1";  // of meta.k8s.io: "v1" or "v1beta1"
  std::string include = "Metadata";  // includeObject: "None", "Metadata", "Object"

  std::string ContentType() const;
  // Distinguishes forms that encode differently.
  std::string Key() const;
};

struct MediaRange {
  std::string type;  // "application/json"
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string_view Parameter(std::string_view name) const;
};

// The entries of an Accept header, in order.
std::vector<MediaRange> ParseAccept(std::string_view accept);

// The first entry that can be served; JSON for "" and "*/*"; nothing when there is none (406).
// `watch` admits text/event-stream.
std::optional<MediaForm> NegotiateObject(std::string_view accept, bool watch);
// What 406 lists.
std::vector<std::string> AcceptableTypes();

// "application/json" of "Application/JSON; charset=utf-8".
std::string MediaTypeOf(std::string_view content_type);

}  // namespace kp::apiserver
