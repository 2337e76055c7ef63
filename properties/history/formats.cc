#include "properties/history/formats.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "properties/history/edn.h"
#include "reference/api/json.h"

namespace kp::history {

namespace {

struct Named {
  Format format;
  std::string_view name;
};
constexpr Named kFormats[] = {{Format::kJsonl, "jsonl"},
                              {Format::kEdn, "edn"},
                              {Format::kPorcupineKv, "porcupine-kv"},
                              {Format::kPorcupineEtcd, "porcupine-etcd"}};

Status At(size_t line, std::string_view why) {
  return {Code::kInvalidArgument, "line " + std::to_string(line) + ": " + std::string(why)};
}

Result<EventType> ParseType(std::string_view name, size_t line) {
  for (EventType type : {EventType::kInvoke, EventType::kOk, EventType::kFail, EventType::kInfo}) {
    if (TypeName(type) == name) return type;
  }
  return At(line, "type must be invoke, ok, fail or info, not \"" + std::string(name) + '"');
}

// A map with Jepsen's names. Processes that are no numbers (:nemesis) become -1.
Result<Event> FromMap(const api::Value& map, size_t line) {
  if (!map.is_object()) return At(line, "an event must be a map");
  Result<EventType> type = ParseType(map["type"].AsString(), line);
  if (!type.ok()) return type.status();
  if (!map["f"].is_string()) return At(line, "an event needs a function \"f\"");
  Event event{.type = *type, .function = map["f"].str(), .key = map["key"], .value = map["value"], .line = line};
  event.process = map["process"].AsInt(-1);
  event.time = map["time"].AsInt(0);
  return event;
}

api::Value ToMap(const Event& event, bool with_key) {
  std::vector<api::Member> members = {{"f", event.function},
                                      {"process", event.process},
                                      {"time", event.time},
                                      {"type", TypeName(event.type)},
                                      {"value", event.value}};
  if (with_key) members.push_back({"key", event.key});
  return api::Value::Object(std::move(members));
}

// Calls each(line, number) until it fails.
template <typename Each>
Status ForEachLine(std::string_view text, Each each) {
  for (size_t number = 1; !text.empty(); ++number) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (Status status = each(line, number); !status.ok()) return status;
  }
  return Status::Ok();
}

Result<std::vector<Event>> ReadJsonl(std::string_view text) {
  std::vector<Event> events;
  Status status = ForEachLine(text, [&](std::string_view line, size_t number) {
    Result<api::Value> map = api::ParseJson(line);
    if (!map.ok()) return At(number, map.status().message());
    Result<Event> event = FromMap(*map, number);
    if (event.ok()) events.push_back(*std::move(event));
    return event.status();
  });
  if (!status.ok()) return status;
  return events;
}

Result<std::vector<Event>> ReadEdn(std::string_view text) {
  std::vector<Event> events;
  std::string_view rest = text;
  const char* counted = text.data();
  size_t line = 1;
  for (;;) {
    Result<api::Value> form = TakeEdn(rest);
    if (form.status().code() == Code::kOutOfRange) return events;
    line += static_cast<size_t>(
        std::count(counted, rest.data() == nullptr ? text.data() + text.size() : rest.data(), '\n'));
    counted = rest.data();
    if (!form.ok()) return At(line, form.status().message());
    // One form on one line, or all of them in a vector: then the line is the vector's last.
    api::View<api::Value> maps = form->is_array() ? form->items() : api::View<api::Value>{&*form, 1};
    for (const api::Value& map : maps) {
      Result<Event> event = FromMap(map, line);
      if (!event.ok()) return event.status();
      events.push_back(*std::move(event));
    }
  }
}

// `INFO  jepsen.util - 0  :invoke  :cas  [4 2]`; other lines are the log's own.
// https://github.com/anishathalye/porcupine: testdata of its etcd histories.
Result<std::vector<Event>> ReadPorcupineEtcd(std::string_view text) {
  std::vector<Event> events;
  Status status = ForEachLine(text, [&](std::string_view line, size_t number) {
    constexpr std::string_view kMark = "jepsen.util - ";
    size_t mark = line.find(kMark);
    if (mark == std::string_view::npos) return Status::Ok();
    std::string_view rest = line.substr(mark + kMark.size());
    api::Value parts[4];
    for (api::Value& part : parts) {
      Result<api::Value> form = TakeEdn(rest);
      if (form.ok()) part = *std::move(form);
    }
    if (!parts[0].is_int()) return Status::Ok();  // the nemesis
    Result<EventType> type = ParseType(parts[1].AsString(), number);
    if (!type.ok()) return type.status();
    // A time-out of a read is known to have done nothing.
    api::Value value = parts[3].AsString() == "timed-out" ? api::Value() : parts[3];
    events.push_back({*type, parts[0].AsInt(), parts[2].str(), {}, value, 0, number});
    return Status::Ok();
  });
  if (!status.ok()) return status;
  return events;
}

std::string WritePorcupineEtcd(const std::vector<Event>& events) {
  std::string out;
  for (const Event& event : events) {
    out += "INFO  jepsen.util - " + std::to_string(event.process) + "\t:" + std::string(TypeName(event.type)) +
           "\t:" + event.function + '\t' + ToEdn(event.value) + '\n';
  }
  return out;
}

std::string WriteKv(const Event& event) {
  return "{:process " + std::to_string(event.process) + ", :type :" + std::string(TypeName(event.type)) +
         ", :f :" + event.function + ", :key " + ToEdn(event.key) + ", :value " + ToEdn(event.value) + "}\n";
}

std::string WriteEdn(const Event& event) {
  std::string key = event.key.is_null() ? "" : ", :key " + ToEdn(event.key);
  return "{:type :" + std::string(TypeName(event.type)) + ", :process " +
         (event.process < 0 ? ":nemesis" : std::to_string(event.process)) + ", :f :" + event.function + key +
         ", :value " + ToEdn(event.value) + ", :time " + std::to_string(event.time) + "}\n";
}

}  // namespace

std::string_view FormatName(Format format) {
  for (const Named& named : kFormats) {
    if (named.format == format) return named.name;
  }
  return "?";
}

Result<Format> ParseFormat(std::string_view name) {
  std::string names;
  for (const Named& named : kFormats) {
    if (named.name == name) return named.format;
    names += (names.empty() ? "" : ", ") + std::string(named.name);
  }
  return Status(Code::kInvalidArgument, "no format \"" + std::string(name) + "\"; there are " + names);
}

Format GuessFormat(std::string_view text) {
  size_t start = text.find_first_not_of(" \t\r\n,");
  if (start == std::string_view::npos) return Format::kJsonl;
  std::string_view head = text.substr(start, 4096);
  if (head.find("jepsen.util - ") != std::string_view::npos) return Format::kPorcupineEtcd;
  std::string_view line = head.substr(0, head.find('\n'));
  if (line.find(':') != std::string_view::npos && line.find(":key") != std::string_view::npos &&
      line.find(":time") == std::string_view::npos && line.find('"') != 1) {
    return Format::kPorcupineKv;
  }
  size_t second = head.find_first_not_of(" {[#", 0);
  bool json = head[0] == '{' && second != std::string_view::npos && head[second] == '"';
  return json ? Format::kJsonl : Format::kEdn;
}

Result<std::vector<Event>> ReadHistory(std::string_view text, Format format) {
  switch (format) {
    case Format::kJsonl: return ReadJsonl(text);
    case Format::kEdn:
    case Format::kPorcupineKv: return ReadEdn(text);
    case Format::kPorcupineEtcd: return ReadPorcupineEtcd(text);
  }
  return Status(Code::kInvalidArgument, "no such format");
}

std::string WriteHistory(const std::vector<Event>& events, Format format) {
  if (format == Format::kPorcupineEtcd) return WritePorcupineEtcd(events);
  std::string out;
  for (const Event& event : events) {
    if (format == Format::kPorcupineKv) {
      out += WriteKv(event);
    } else if (format == Format::kEdn) {
      out += WriteEdn(event);
    } else {
      api::AppendJson(out, ToMap(event, !event.key.is_null()));
      out += '\n';
    }
  }
  return out;
}

}  // namespace kp::history
