package partial

import (
	"context"

	"golang.org/x/sync/semaphore"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
)

// pageSize is how many objects a page lists. Etcd holds up to 1.5 MiB of each.
const pageSize = 20

// onePage is held while a page is in memory, because all informers start at once.
var onePage = semaphore.NewWeighted(1)

// InPages lists objects in pages, and transforms the objects of one page before it requests the next. Informers need it with an
// API server that cannot stream lists (WatchList), because such a server sends all objects in one answer.
func InPages(source toolscache.ListerWatcher, transform toolscache.TransformFunc) toolscache.ListerWatcher {
	pages := &pages{ListerWatcherWithContext: toolscache.ToListerWatcherWithContext(source), transform: transform}
	return &toolscache.ListWatch{ListWithContextFunc: pages.list, WatchFuncWithContext: pages.WatchWithContext}
}

type pages struct {
	toolscache.ListerWatcherWithContext

	transform toolscache.TransformFunc
}

// list returns all objects. It reads them from etcd: a list from the API server's cache, which the informer asks for, has no pages.
func (p *pages) list(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	options.ResourceVersion, options.ResourceVersionMatch, options.Limit = "", "", pageSize
	var all []runtime.Object
	for {
		page, items, err := p.page(ctx, options)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return page.(runtime.Object), meta.SetList(page.(runtime.Object), all)
		}
	}
}

func (p *pages) page(ctx context.Context, options metav1.ListOptions) (metav1.ListInterface, []runtime.Object, error) {
	if err := onePage.Acquire(ctx, 1); err != nil {
		return nil, nil, err
	}
	defer onePage.Release(1)
	page, err := p.ListWithContext(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	// Copies keep nothing of the page in memory except the cached objects.
	items, err := meta.ExtractListWithAlloc(page)
	if err != nil {
		return nil, nil, err
	}
	for i, item := range items {
		transformed, err := p.transform(item)
		if err != nil {
			return nil, nil, err
		}
		items[i] = transformed.(runtime.Object)
	}
	list, err := meta.ListAccessor(page)
	return list, items, err
}
