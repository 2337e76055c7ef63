#include "reference/apiserver/media.h"

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

std::string MediaForm::ContentType() const {
  switch (syntax) {
    case Syntax::kJson: return "application/json";
    case Syntax::kYaml: return "application/yaml";
    case Syntax::kEventStream: return "text/event-stream";
  }
  return "";
}

std::string MediaForm::Key() const {
  std::string key = syntax == Syntax::kEventStream ? "s" : syntax == Syntax::kYaml ? "y" : "j";
  if (shape == Shape::kTable) return key + "t" + table_version + include;
  return shape == Shape::kMetadata ? key + "m" : key;
}

std::string_view MediaRange::Parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::string MediaTypeOf(std::string_view content_type) { return Lower(Trim(Split(content_type, ';')[0])); }

std::vector<MediaRange> ParseAccept(std::string_view accept) {
  std::vector<MediaRange> out;
  for (std::string_view entry : Split(accept, ',')) {
    if (Trim(entry).empty()) continue;
    MediaRange range{.type = MediaTypeOf(entry)};
    const std::vector<std::string_view> parts = Split(entry, ';');
    for (size_t i = 1; i < parts.size(); ++i) {
      const size_t equals = parts[i].find('=');
      if (equals == std::string_view::npos) continue;
      range.parameters.emplace_back(Lower(Trim(parts[i].substr(0, equals))), Trim(parts[i].substr(equals + 1)));
    }
    out.push_back(std::move(range));
  }
  return out;
}

std::vector<std::string> AcceptableTypes() { return {"application/json", "application/yaml"}; }

std::optional<MediaForm> NegotiateObject(std::string_view accept, bool watch) {
  const std::vector<MediaRange> ranges = ParseAccept(accept);
  if (ranges.empty()) return MediaForm{};
  for (const MediaRange& range : ranges) {
    if (watch && range.type == "text/event-stream") return MediaForm{.syntax = Syntax::kEventStream};
    MediaForm form;
    if (range.type == "application/yaml" || range.type == "application/x-yaml" || range.type == "text/yaml") {
      if (watch) continue;
      if (!KP_MUTANT("apiserver-answers-no-yaml")) form.syntax = Syntax::kYaml;
    } else if (range.type != "application/json" && range.type != "*/*" && range.type != "application/*" &&
               !KP_MUTANT("apiserver-answers-json-to-all")) {
      continue;
    }
    const std::string_view as = range.Parameter("as");
    if (as.empty()) return form;
    if (range.Parameter("g") != "meta.k8s.io") continue;
    const std::string_view version = range.Parameter("v");
    if (version != "v1" && version != "v1beta1") continue;
    form.table_version = version;
    if (as == "Table")
      form.shape = Shape::kTable;
    else if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList")
      form.shape = Shape::kMetadata;
    else
      continue;
    return form;
  }
  return std::nullopt;
}

}  // namespace kp::apiserver
