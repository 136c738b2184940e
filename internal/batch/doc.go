// Package batch makes the changes of many objects with few calls to Auth0: it creates users in import jobs, and changes the lists
// of many objects together. It decides when a batch is due, sends it, and wakes the objects when it is over. Begin with Batches
// in imports.go; list_batch.go has the batches of list changes.
package batch
