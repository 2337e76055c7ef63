#include "reference/apiserver/rest.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

ApiStatus Deleted(const api::Kind& kind, const Value& object) {
  return ApiStatus::Success().WithDetails(kind.gvk.group, kind.plural, object["metadata"]["name"].AsString(),
                                          object["metadata"]["uid"].AsString());
}

}  // namespace

void Rest::Delete(const SharedCall& call) {
  ApiResult<Value> body = ReadDeleteOptions(*call, registry_);
  if (!body.ok()) return call->Answer(body.error());
  ApiResult<DeleteOptions> options = DeleteOptions::Parse(call->request, *body);
  if (!options.ok()) return call->Answer(options.error());
  const auto decide = [this, call, options = *options](const Value& current) -> ApiResult<Decision> {
    const api::Kind& kind = *call->kind;
    if (current.is_null()) return ApiStatus::NotFound(kind.gvk.group, kind.plural, call->info.name);
    return DecideDelete(Context(call), kind, options, current);
  };
  const auto answer = [this, call](const ApiResult<Outcome>& outcome) {
    if (!outcome.ok()) return call->Answer(outcome.error());
    if (outcome->deleted && !KP_MUTANT("apiserver-delete-answers-the-object"))
      return call->Answer(Deleted(*call->kind, outcome->object));
    call->AnswerObject(200, *call->kind, outcome->object, env_.Wall());
  };
  call->force_dry_run = options->dry_run;
  ModifyThen(call, KeyOf(call), decide, answer);
}

void Rest::DeleteCollection(const SharedCall& call) {
  ApiResult<Value> body = ReadDeleteOptions(*call, registry_);
  if (!body.ok()) return call->Answer(body.error());
  ApiResult<DeleteOptions> options = DeleteOptions::Parse(call->request, *body);
  if (!options.ok()) return call->Answer(options.error());
  ApiResult<Selection> selection = Selection::Parse(*call->kind, call->info.ns, call->request);
  if (!selection.ok()) return call->Answer(selection.error());
  ApiResult<ListOptions> list = ListOptions::Parse(call->request);
  if (!list.ok()) return call->Answer(list.error());
  if (KP_MUTANT("apiserver-deletes-whole-collection")) selection->labels = {};
  lister_.List(*selection, *list, alive_.Wrap([this, call, options = *options](ApiResult<ListPage> page) {
    if (!page.ok()) return call->Answer(page.error());
    DeleteItems(call, options, std::make_shared<ListPage>(std::move(*page)));
  }));
}

// All at once; the answer is the list as it was, when the last one is done. One that somebody else deleted
// meanwhile is no error.
void Rest::DeleteItems(const SharedCall& call, const DeleteOptions& options, std::shared_ptr<ListPage> page) {
  if (page->items.empty() || options.dry_run) return call->AnswerList(*page, env_.Wall());
  struct Progress {
    size_t left = 0;
    ApiStatus failure;
  };
  auto progress = std::make_shared<Progress>();
  progress->left = page->items.size();
  for (const Value& item : page->items) {
    const Value& meta = item["metadata"];
    const ObjectKey key{call->kind, meta["namespace"].str(), meta["name"].str()};
    const auto decide = [this, call, options](const Value& current) -> ApiResult<Decision> {
      if (current.is_null()) return Decision::Keep(current);
      return DecideDelete(Context(call), *call->kind, options, current);
    };
    Store(key, decide, alive_.Wrap([this, call, page, progress](const ApiResult<Outcome>& outcome) {
      if (!outcome.ok()) progress->failure = outcome.error();
      if (--progress->left > 0) return;
      if (!progress->failure.ok()) return call->Answer(progress->failure);
      call->AnswerList(*page, env_.Wall());
    }));
  }
}

}  // namespace kp::apiserver
