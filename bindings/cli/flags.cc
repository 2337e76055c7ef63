#include "bindings/cli/flags.h"

#include <cctype>
#include <memory>
#include <utility>

#include "reference/base/strings.h"

namespace kp::cli {

void Flags::Text(std::string name, std::string* value) {
  flags_[std::move(name)] = {.set = [value](std::string_view text) {
    *value = text;
    return Status::Ok();
  }};
}

void Flags::Integer(std::string name, int* value) {
  flags_[std::move(name)] = {.set = [value](std::string_view text) {
    const auto number = ParseInt(text);
    if (!number) return Status(Code::kInvalidArgument, "want a number, got " + Quote(text));
    *value = static_cast<int>(*number);
    return Status::Ok();
  }};
}

void Flags::Boolean(std::string name, bool* value) {
  flags_[std::move(name)] = {.boolean = true, .set = [value](std::string_view text) {
                               if (text != "true" && text != "false")
                                 return Status(Code::kInvalidArgument, "want true or false, got " + Quote(text));
                               *value = text == "true";
                               return Status::Ok();
                             }};
}

void Flags::OptionalText(std::string name, std::string alone, std::string* value) {
  flags_[std::move(name)] = {.boolean = true, .set = [alone = std::move(alone), value](std::string_view text) {
                               *value = text == "true" ? alone : text;
                               return Status::Ok();
                             }};
}

void Flags::List(std::string name, std::vector<std::string>* values) {
  auto first = std::make_shared<bool>(true);
  flags_[std::move(name)] = {.set = [values, first](std::string_view text) {
    if (std::exchange(*first, false)) values->clear();
    for (std::string_view item : Split(text, ',')) {
      if (item != Trim(item)) {
        return Status(Code::kInvalidArgument, "blanks around " + Quote(Trim(item)) + " in a list");
      }
      if (!item.empty()) values->emplace_back(item);
    }
    return Status::Ok();
  }};
}

void Flags::Ignored(std::string name) {
  flags_[name] = {.set = [this, name](std::string_view) {
    ignored_.push_back(name);
    return Status::Ok();
  }};
}

void Flags::Refused(std::string name) {
  flags_[std::move(name)] = {.boolean = true, .set = [](std::string_view value) {
                               if (value == "false" || value.empty()) return Status::Ok();
                               return Status(Code::kInvalidArgument, "not supported");
                             }};
}

Status Flags::Set(const std::string& shown_name, Flag& flag, std::string_view value) {
  flag.given = true;
  const Status status = flag.set(value);
  return status.ok() ? status : Status(status.code(), shown_name + ": " + status.message());
}

Status Flags::Parse(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (!argument.starts_with("--")) return Status(Code::kInvalidArgument, "unexpected argument " + Quote(argument));
    argument.remove_prefix(2);
    const size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const auto it = flags_.find(name);
    if (it == flags_.end()) return Status(Code::kInvalidArgument, "unknown flag --" + std::string(name));
    std::string_view value;
    if (equals != std::string_view::npos)
      value = argument.substr(equals + 1);
    else if (it->second.boolean)
      value = "true";
    else if (i + 1 < argc)
      value = argv[++i];
    else
      return Status(Code::kInvalidArgument, "--" + std::string(name) + ": a value is missing");
    if (Status status = Set("--" + std::string(name), it->second, value); !status.ok()) return status;
  }
  return Status::Ok();
}

Status Flags::ParseEnvironment(std::string_view prefix, const std::function<const char*(const std::string&)>& lookup) {
  for (auto& [name, flag] : flags_) {
    if (flag.given) continue;
    std::string variable(prefix);
    for (const char c : name) variable += c == '-' ? '_' : static_cast<char>(std::toupper(c));
    const char* value = lookup(variable);
    if (value == nullptr) continue;
    if (Status status = Set(variable, flag, value); !status.ok()) return status;
  }
  return Status::Ok();
}

}  // namespace kp::cli
