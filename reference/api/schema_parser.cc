#include "reference/api/schema_parser.h"

#include <algorithm>
#include <utility>

#include "reference/base/strings.h"

namespace kp::api {
namespace {

constexpr std::pair<std::string_view, FieldType> kScalarTypes[] = {
    {"string", FieldType::kString},
    {"int32", FieldType::kInt32},
    {"int64", FieldType::kInt64},
    {"bool", FieldType::kBool},
    {"double", FieldType::kDouble},
    {"bytes", FieldType::kBytes},
    {"time", FieldType::kTime},
    {"microTime", FieldType::kMicroTime},
    {"duration", FieldType::kDuration},
    {"quantity", FieldType::kQuantity},
    {"intOrString", FieldType::kIntOrString},
    {"rawExtension", FieldType::kRawExtension},
    {"fieldsV1", FieldType::kFieldsV1},
    {"any", FieldType::kAny},
};

const std::vector<std::string> kStandardVerbs = {"create", "delete", "deletecollection", "get",
                                                 "list",   "patch",  "update",           "watch"};

std::string Text(std::string_view view) { return std::string(view); }

std::vector<std::string> Commas(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view part : Split(text, ',')) parts.emplace_back(part);
  return parts;
}

// "v1/Event" or "apps/v1/Deployment".
std::optional<GroupVersionKind> ParseGvk(std::string_view text) {
  std::vector<std::string_view> parts = Split(text, '/');
  if (parts.size() == 2) return GroupVersionKind{"", Text(parts[0]), Text(parts[1])};
  if (parts.size() == 3) return GroupVersionKind{Text(parts[0]), Text(parts[1]), Text(parts[2])};
  return std::nullopt;
}

// One line's words; what follows " : " is the description.
struct Line {
  std::vector<std::string_view> words;
  std::string_view description;

  explicit Line(std::string_view text) {
    if (size_t colon = text.find(" : "); colon != std::string_view::npos) {
      description = Trim(text.substr(colon + 3));
      text = text.substr(0, colon);
    }
    size_t at = 0;
    while (at < text.size()) {
      size_t end = std::min(text.find(' ', at), text.size());
      if (end > at) words.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
};

class Parser {
 public:
  Status Parse(const SchemaSource& source) {
    kind_ = nullptr;
    message_ = nullptr;
    size_t number = 0;
    for (std::string_view text : Split(source.second, '\n')) {
      ++number;
      text = Trim(text);
      if (text.empty() || text.front() == '#') continue;
      if (std::string problem = Statement(Line(text)); !problem.empty()) {
        return Status(Code::kInvalidArgument, Text(source.first) + ":" + std::to_string(number) + ": " + problem);
      }
    }
    return Status::Ok();
  }

  Result<Registry> Finish() {
    for (const Reference& reference : references_) {
      const Message* target = registry_.FindMessage(reference.prefix, reference.type);
      if (target == nullptr) {
        return Status(Code::kInvalidArgument, "unknown type " + reference.type + " in " + reference.message->name);
      }
      reference.message->fields[reference.field].message = target;
    }
    for (const auto& [name, message] : registry_.messages()) message->Link();
    return std::move(registry_);
  }

 private:
  // A use of a type before all types are known.
  struct Reference {
    Message* message;
    size_t field;
    std::string prefix;
    std::string type;
  };

  std::string Statement(const Line& line) {
    std::string_view word = line.words.front();
    if (word[0] >= '0' && word[0] <= '9') return AddField(line);
    if (word == "group") return SetGroup(line);
    if (word == "kind") return AddKind(line);
    if (word == "type") return AddType(line);
    if (word == "wrapper" && message_ != nullptr) {
      message_->list_wrapper = true;
      return {};
    }
    if (kind_ == nullptr) return "'" + Text(word) + "' outside of a kind";
    return KindProperty(line);
  }

  std::string SetGroup(const Line& line) {
    if (line.words.size() != 4) return "group NAME VERSION PREFIX";
    group_ = line.words[1] == "core" ? "" : line.words[1];
    version_ = line.words[2];
    prefix_ = line.words[3];
    return {};
  }

  void NewMessage(std::string_view name, std::string_view description) {
    auto message = std::make_unique<Message>();
    message->name = name;
    message->openapi_name = prefix_ + "." + Text(name);
    message->description = description;
    message_ = registry_.AddMessage(std::move(message));
  }

  std::string AddType(const Line& line) {
    if (line.words.size() != 2) return "type NAME : TEXT";
    kind_ = nullptr;
    NewMessage(line.words[1], line.description);
    return message_ == nullptr ? "type defined twice" : "";
  }

  std::string AddKind(const Line& line) {
    if (line.words.size() != 3) return "kind NAME PLURAL : TEXT";
    NewMessage(line.words[1], line.description);
    if (message_ == nullptr) return "kind defined twice";
    auto kind = std::make_unique<Kind>();
    kind->gvk = {group_, version_, Text(line.words[1])};
    kind->plural = line.words[2];
    kind->singular = Lower(line.words[1]);
    kind->storage = kind->plural;
    kind->verbs = kStandardVerbs;
    kind->message = message_;
    message_->is_kind = true;
    kind_ = registry_.AddKind(std::move(kind));
    return {};
  }

  std::string KindProperty(const Line& line) {
    std::string_view word = line.words[0];
    std::vector<std::string> rest(line.words.begin() + 1, line.words.end());
    if (word == "namespaced") {
      kind_->namespaced = true;
    } else if (word == "hidden") {
      kind_->served = false;
    } else if (word == "generation") {
      kind_->has_generation = true;
    } else if (word == "short") {
      kind_->short_names = rest;
    } else if (word == "categories") {
      kind_->categories = rest;
    } else if (word == "verbs" && rest.size() == 1) {
      kind_->verbs = Commas(rest[0]);
    } else if (word == "singular" && rest.size() == 1) {
      kind_->singular = rest[0];
    } else if (word == "storage" && rest.size() == 1) {
      kind_->storage = rest[0] == "-" ? "" : rest[0];
    } else if (word == "stored" && rest.size() == 1) {
      std::optional<GroupVersionKind> gvk = ParseGvk(rest[0]);
      if (!gvk) return "stored VERSION/KIND or GROUP/VERSION/KIND";
      kind_->stored_as = gvk;
    } else if (word == "subresource" && !rest.empty()) {
      return AddSubresource(rest);
    } else if (word == "select") {
      for (const std::string& text : rest) AddSelectable(text);
    } else if (word == "column" && rest.size() == 4) {
      return AddColumn(rest, line.description);
    } else {
      return "unknown statement '" + Text(word) + "'";
    }
    return {};
  }

  std::string AddSubresource(const std::vector<std::string>& words) {
    Subresource subresource;
    subresource.name = words[0];
    subresource.kind = kind_->gvk;
    if (words.size() > 1) {
      std::optional<GroupVersionKind> gvk = ParseGvk(words[1]);
      if (!gvk) return "a subresource's kind is GROUP/VERSION/KIND or VERSION/KIND";
      subresource.kind = *gvk;
    }
    subresource.verbs = words.size() > 2 ? Commas(words[2]) : Commas("get,patch,update");
    kind_->subresources.push_back(std::move(subresource));
    return {};
  }

  void AddSelectable(std::string_view text) {
    SelectableField field;
    if (text.ends_with('?')) {
      field.is_bool = true;
      text.remove_suffix(1);
    }
    size_t equals = text.find('=');
    field.label = text.substr(0, equals);
    field.path = equals == std::string_view::npos ? text : text.substr(equals + 1);
    kind_->selectable.push_back(std::move(field));
  }

  std::string AddColumn(const std::vector<std::string>& words, std::string_view description) {
    PrinterColumn column;
    column.name = words[0];
    std::replace(column.name.begin(), column.name.end(), '_', ' ');
    size_t slash = words[1].find('/');
    column.type = words[1].substr(0, slash);
    if (slash != std::string::npos) column.format = words[1].substr(slash + 1);
    std::optional<int64_t> priority = ParseInt(words[2]);
    if (!priority) return "a column is NAME TYPE PRIORITY SOURCE";
    column.priority = static_cast<int>(*priority);
    if (words[3][0] == '@') {
      column.formatter = words[3].substr(1);
    } else {
      column.path = words[3];
    }
    column.description = description;
    kind_->columns.push_back(std::move(column));
    return {};
  }

  std::string AddField(const Line& line) {
    if (message_ == nullptr) return "a field outside of a type";
    if (line.words.size() < 3) return "NUMBER NAME TYPE [ATTRIBUTE...]";
    std::optional<int64_t> number = ParseInt(line.words[0]);
    if (!number) return "'" + Text(line.words[0]) + "' is no number";
    Field field;
    field.number = static_cast<int>(*number);
    field.name = line.words[1];
    field.description = line.description;
    std::string_view type = line.words[2];
    field.pointer = ConsumePrefix(type, "*");
    if (ConsumePrefix(type, "[]")) field.shape = FieldShape::kList;
    if (ConsumePrefix(type, "map[string]")) field.shape = FieldShape::kMap;
    const auto* scalar = std::find_if(std::begin(kScalarTypes), std::end(kScalarTypes),
                                      [&](const auto& entry) { return entry.first == type; });
    if (scalar != std::end(kScalarTypes)) {
      field.type = scalar->second;
    } else {
      field.type = FieldType::kMessage;
      references_.push_back({message_, message_->fields.size(), prefix_, Text(type)});
    }
    for (size_t i = 3; i < line.words.size(); ++i) {
      if (std::string problem = Attribute(field, line.words[i]); !problem.empty()) return problem;
    }
    InternKey(field.name);
    message_->fields.push_back(std::move(field));
    return {};
  }

  static std::string Attribute(Field& field, std::string_view attribute) {
    size_t equals = attribute.find('=');
    std::string_view name = attribute.substr(0, equals);
    std::string_view value = equals == std::string_view::npos ? "" : attribute.substr(equals + 1);
    if (name == "required") {
      field.required = true;
      field.listed_required = true;
      field.keep_zero = field.type != FieldType::kString;
    } else if (name == "keep") {
      field.keep_zero = true;
      field.listed_required = true;
      if (!field.default_value) field.default_value = ZeroOf(field);
    } else if (name == "optional") {
      field.listed_required = false;
    } else if (name == "inline") {
      field.inlined = true;
    } else if (name == "immutable") {
      field.immutable = true;
    } else if (name == "status") {
      field.status_only = true;
    } else if (name == "default") {
      return Default(field, value);
    } else if (name == "enum") {
      field.enum_values = Commas(value);
    } else if (name == "format") {
      field.format = value;
    } else if (name == "set") {
      field.list_type = ListType::kSet;
    } else if (name == "keys") {
      field.list_type = ListType::kMap;
      field.list_keys = Commas(value);
    } else if (name == "stored") {
      field.stored_name = value;
    } else if (name == "unique") {
      field.unique = true;
    } else if (name == "when") {
      size_t colon = value.find(':');
      field.default_when = value.substr(0, colon);
      field.default_when_values = Commas(value.substr(std::min(colon + 1, value.size())));
    } else if (name == "merge") {
      field.merge = true;
      field.merge_key = value;
    } else if (name == "retainKeys") {
      field.retain_keys = true;
    } else {
      return Bound(field, name, value);
    }
    return {};
  }

  static std::string Bound(Field& field, std::string_view name, std::string_view value) {
    std::optional<int64_t> number = ParseInt(value);
    if (!number) return "unknown attribute '" + Text(name) + "'";
    if (name == "min") {
      field.min = number;
    } else if (name == "max") {
      field.max = number;
    } else if (name == "maxLength") {
      field.max_length = number;
    } else {
      return "unknown attribute '" + Text(name) + "'";
    }
    return {};
  }

  // What Go writes for a field that nobody set.
  static std::optional<Value> ZeroOf(const Field& field) {
    if (field.shape != FieldShape::kSingle) return std::nullopt;
    switch (field.type) {
      case FieldType::kInt32:
      case FieldType::kInt64: return Value(0);
      case FieldType::kBool: return Value(false);
      case FieldType::kString: return Value("");
      default: return std::nullopt;
    }
  }

  static std::string Default(Field& field, std::string_view text) {
    std::optional<int64_t> number = ParseInt(text);
    if (text == "{}") {
      field.default_value = Value::EmptyObject();
    } else if (field.shape == FieldShape::kList) {
      field.default_value = Arr({text});
    } else if (field.type == FieldType::kBool) {
      field.default_value = Value(text == "true");
    } else if (number && field.type != FieldType::kString) {
      field.default_value = Value(*number);
    } else {
      field.default_value = Value(text);
    }
    return {};
  }

  Registry registry_;
  std::vector<Reference> references_;
  std::string group_;
  std::string version_;
  std::string prefix_;
  Kind* kind_ = nullptr;
  Message* message_ = nullptr;
};

}  // namespace

Result<Registry> ParseSchemas(const std::vector<SchemaSource>& sources) {
  Parser parser;
  for (const SchemaSource& source : sources) {
    if (Status status = parser.Parse(source); !status.ok()) return status;
  }
  return parser.Finish();
}

}  // namespace kp::api
