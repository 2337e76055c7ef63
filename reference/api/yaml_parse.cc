#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "reference/api/json.h"
#include "reference/api/utf8.h"
#include "reference/api/yaml.h"
#include "reference/api/yaml_scalar.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";
// Nodes after all aliases are expanded: a few lines of aliases of aliases would make billions.
constexpr size_t kMaxNodes = 1'000'000;

// The library writes the escapes \N and \_ as single bytes (and \L and \P, which nobody uses, as
// something else altogether).
std::string RepairUtf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t bad = FirstInvalidUtf8(text);
    out += text.substr(0, bad);
    if (bad == std::string_view::npos) break;
    AppendUtf8(out, static_cast<unsigned char>(text[bad]));
    text.remove_prefix(bad + 1);
  }
  return out;
}

// Builds a Value from the parser's events. The library's exceptions carry the place of a fault, so
// its own faults are thrown in the same way; they are caught below and go no further.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const YamlOptions& options) : text_(text), options_(options) {}

  Value Take() { return std::exchange(root_, Value()); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // The library takes what it cannot make sense of behind a document for another one, and a stray
    // "]" for endless ones.
    auto at = std::min(static_cast<size_t>(mark.pos), text_.size());
    bool marked = text_.substr(at, 3) == "---" || Trim(text_.substr(0, at)).ends_with("...");
    if (std::exchange(begun_, true) && !marked) {
      throw YAML::ParserException(mark, "did not find expected <document start>");
    }
    frames_.clear();
    anchors_.clear();
    root_ = Value();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Put(mark, Value(), anchor, 1); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YAML::ParserException(mark, "an anchor contains itself");
    Put(mark, found->second.value, 0, found->second.nodes);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (ExpectsKey()) {
      SetKey(mark, tag, text);
      if (anchor != 0) anchors_[anchor] = {Value(text), 1};
      return;
    }
    Put(mark, Scalar(mark, tag, text), anchor, 1);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, false);
  }
  void OnSequenceEnd() override {
    Frame frame = Close();
    Put(frame.mark, Value::Array(std::move(frame.items)), frame.anchor, frame.nodes);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, true);
  }
  void OnMapEnd() override {
    Frame frame = Close();
    // Merged members stand behind those of the mapping itself, whose keys win.
    Value merged = Value::Object(std::move(frame.merged));
    for (const Member& member : merged.members()) {
      if (!frame.keys.contains(member.key.text())) frame.members.push_back(member);
    }
    Put(frame.mark, Value::Object(std::move(frame.members)), frame.anchor, frame.nodes);
  }

 private:
  struct Frame {
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    bool is_map = false;
    size_t nodes = 1;
    std::vector<Value> items;
    std::vector<Member> members;
    std::vector<Member> merged;  // from "<<", the first of equal keys last
    std::set<std::string, std::less<>> keys;
    std::optional<std::string> key;
    bool key_is_merge = false;
  };
  struct Anchored {
    Value value;
    size_t nodes = 0;
  };

  bool ExpectsKey() const { return !frames_.empty() && frames_.back().is_map && !frames_.back().key; }

  static Value Scalar(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
    std::string_view kind = tag;
    bool standard = ConsumePrefix(kind, kTagPrefix);
    // "?" marks plain scalars, "!" quoted ones.
    bool plain = kind == "?" || kind.empty() || (standard && kind != "str" && kind != "binary");
    if (!plain) {
      if (kind != "binary") return Value(RepairUtf8(text));
      std::optional<std::string> bytes = Base64Decode(text);
      if (!bytes || FirstInvalidUtf8(*bytes) != std::string_view::npos) {
        throw YAML::ParserException(mark, "!!binary value is no text in base64");
      }
      return Value(*bytes);
    }
    std::optional<Value> value = ResolvePlainScalar(text);
    if (!value) throw YAML::ParserException(mark, "JSON has no number " + text);
    return *value;
  }

  void SetKey(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
    Frame& frame = frames_.back();
    Value key = Scalar(mark, tag, text);
    frame.key_is_merge = tag == "?" && text == "<<";
    // JSON has string keys only: `on: 1` is "true", 0x10 is "16".
    frame.key = key.is_string() ? key.str() : ToJson(key);
    if (!frame.key_is_merge && !frame.keys.insert(*frame.key).second && options_.duplicate_keys != nullptr) {
      options_.duplicate_keys->push_back(Path());
    }
  }

  std::string Path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (!frame.is_map) {
        path += "[" + std::to_string(frame.items.size()) + "]";
      } else if (frame.key) {
        path += (path.empty() ? "" : ".") + *frame.key;
      }
    }
    return path;
  }

  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, bool is_map) {
    if (ExpectsKey()) throw YAML::ParserException(mark, "a key must be a scalar");
    if (frames_.size() >= options_.max_depth) throw YAML::ParserException(mark, "exceeded max depth");
    Frame frame;
    frame.mark = mark;
    frame.anchor = anchor;
    frame.is_map = is_map;
    frames_.push_back(std::move(frame));
  }

  Frame Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    return frame;
  }

  void Put(const YAML::Mark& mark, Value value, YAML::anchor_t anchor, size_t nodes) {
    if (anchor != 0) anchors_[anchor] = {value, nodes};
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    frame.nodes += nodes;
    if (frame.nodes > kMaxNodes) throw YAML::ParserException(mark, "document contains excessive aliasing");
    if (!frame.is_map) {
      frame.items.push_back(std::move(value));
    } else if (!frame.key) {
      // An alias or nothing in a key's place.
      if (!value.is_string()) throw YAML::ParserException(mark, "a key must be a string, not null");
      frame.key = value.str();
      frame.key_is_merge = false;
      frame.keys.insert(*frame.key);
    } else if (frame.key_is_merge) {
      AddMerged(mark, frame, value);
      frame.key.reset();
    } else {
      frame.members.push_back({Key(*frame.key), std::move(value)});
      frame.key.reset();
    }
  }

  static void AddMerged(const YAML::Mark& mark, Frame& frame, const Value& value) {
    std::vector<Value> sources;
    if (value.is_array()) {
      sources.assign(value.items().begin(), value.items().end());
      std::reverse(sources.begin(), sources.end());
    } else {
      sources.push_back(value);
    }
    for (const Value& source : sources) {
      if (!source.is_object())
        throw YAML::ParserException(mark, "map merge requires map or sequence of maps as the value");
      frame.merged.insert(frame.merged.end(), source.members().begin(), source.members().end());
    }
  }

  std::string_view text_;
  const YamlOptions& options_;
  bool begun_ = false;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Value root_;
};

std::string_view LineAt(std::string_view text, int line) {
  size_t at = 0;
  for (int i = 0; i < line && at != std::string_view::npos; ++i) {
    at = text.find('\n', at);
    if (at != std::string_view::npos) ++at;
  }
  if (at == std::string_view::npos) return {};
  return text.substr(at, text.find('\n', at) - at);
}

Status ErrorAt(int line, size_t column, const std::string& what) {
  return {Code::kInvalidArgument,
          "line " + std::to_string(line + 1) + ", column " + std::to_string(column + 1) + ": " + what};
}

// The tab that the parser may have stumbled over: in the blanks at the beginning of the line it
// names or of the one before.
std::optional<Status> TabError(std::string_view text, int line) {
  for (int at = line; at >= 0 && at >= line - 1; --at) {
    std::string_view content = LineAt(text, at);
    std::string_view blanks = content.substr(0, std::min(content.find_first_not_of(" \t"), content.size()));
    size_t tab = blanks.find('\t');
    if (tab != std::string_view::npos && blanks.size() < content.size()) {
      return ErrorAt(at, tab, "a tab cannot indent; use blanks (found character that cannot start any token)");
    }
  }
  return std::nullopt;
}

Status ErrorAtByte(std::string_view text, size_t at, const std::string& what) {
  auto lines = static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  size_t start = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return ErrorAt(lines, at - (start == std::string_view::npos ? 0 : start + 1), what);
}

// Bytes that YAML does not allow. With zeros the parser would take the text for UTF-16.
Status CheckBytes(std::string_view text) {
  size_t bad = FirstInvalidUtf8(text);
  if (bad != std::string_view::npos) return ErrorAtByte(text, bad, "invalid UTF-8");
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
    if (control) return ErrorAtByte(text, i, "control characters are not allowed");
  }
  return Status::Ok();
}

Result<std::vector<Value>> ParseDocuments(std::string_view text, const YamlOptions& options, bool only_first) {
  Status bytes = CheckBytes(text);
  if (!bytes.ok()) return bytes;
  ConsumePrefix(text, "\xef\xbb\xbf");  // a byte order mark
  std::vector<Value> documents;
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    Builder builder(text, options);
    while (parser.HandleNextDocument(builder)) {
      Value document = builder.Take();
      if (!document.is_null()) documents.push_back(std::move(document));
      if (only_first) break;
    }
  } catch (const YAML::Exception& error) {
    int line = std::max(error.mark.line, 0);
    if (std::optional<Status> tab = TabError(text, line)) return *tab;
    return ErrorAt(line, static_cast<size_t>(std::max(error.mark.column, 0)), error.msg);
  }
  return documents;
}

// Most bodies that are sent as YAML are JSON, which its own parser reads fifty times faster, and knows
// surrogate pairs.
std::optional<Value> ParseAsJson(std::string_view text, const YamlOptions& options) {
  if (!Trim(text).starts_with('{')) return std::nullopt;
  std::vector<std::string> duplicates;
  bool list = options.duplicate_keys != nullptr;
  Result<Value> value =
      ParseJson(text, {.duplicate_keys = list ? &duplicates : nullptr, .max_depth = options.max_depth});
  if (!value.ok()) return std::nullopt;
  if (list) options.duplicate_keys->insert(options.duplicate_keys->end(), duplicates.begin(), duplicates.end());
  return *value;
}

}  // namespace

Result<Value> ParseYaml(std::string_view text, const YamlOptions& options) {
  if (std::optional<Value> json = ParseAsJson(text, options)) return *json;
  Result<std::vector<Value>> documents = ParseDocuments(text, options, true);
  if (!documents.ok()) return documents.error();
  return documents->empty() ? Value() : documents->front();
}

Result<std::vector<Value>> ParseYamlDocuments(std::string_view text, const YamlOptions& options) {
  if (std::optional<Value> json = ParseAsJson(text, options)) return std::vector<Value>{*json};
  return ParseDocuments(text, options, false);
}

}  // namespace kp::api
